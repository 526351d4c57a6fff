#include "headrace_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr const char* kJson =
    R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,)"
    R"("rstrip":false,"normalized":false,"special":true}],"normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,)"
    R"("decoder":null,"model":{"type":"WordLevel","unk_token":"?","vocab":{"<s>":0,"?":1,"one":2,"two":3,"é":4,"<":5,"s>":6}}})";

class CTokenizer : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(headrace_tokenizer_load_memory(kJson, std::string(kJson).size(), &tokenizer), HEADRACE_OK); }
  void TearDown() override { headrace_tokenizer_free(tokenizer); }
  headrace_tokenizer* tokenizer = nullptr;
};

TEST_F(CTokenizer, tells_the_size_first_and_fills_the_callers_buffer_then) {
  size_t count = 0;
  EXPECT_EQ(headrace_tokenizer_encode(tokenizer, "one two", 7, nullptr, nullptr, nullptr, 0, &count), HEADRACE_OK);
  ASSERT_EQ(count, 2u);
  uint32_t ids[2] = {99, 99};
  headrace_offset offsets[2];
  EXPECT_EQ(headrace_tokenizer_encode(tokenizer, "one two", 7, nullptr, ids, nullptr, 1, &count), HEADRACE_BUFFER_TOO_SMALL);
  EXPECT_EQ(ids[0], 99u);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(headrace_tokenizer_encode(tokenizer, "one two", 7, nullptr, ids, offsets, 2, &count), HEADRACE_OK);
  EXPECT_EQ(ids[0], 2u);
  EXPECT_EQ(ids[1], 3u);
  EXPECT_EQ(offsets[1].begin, 4u);
  EXPECT_EQ(offsets[1].end, 7u);
}

TEST_F(CTokenizer, encodes_batches_counts_and_decodes) {
  const headrace_text texts[] = {{"one", 3}, {nullptr, 0}, {"two one", 7}};
  uint32_t ids[8];
  int64_t starts[4];
  size_t count = 0;
  ASSERT_EQ(headrace_tokenizer_encode_batch(tokenizer, texts, 3, nullptr, ids, nullptr, 8, starts, &count), HEADRACE_OK);
  EXPECT_EQ(std::vector<uint32_t>(ids, ids + count), (std::vector<uint32_t>{2, 3, 2}));
  EXPECT_EQ(std::vector<int64_t>(starts, starts + 4), (std::vector<int64_t>{0, 1, 1, 3}));
  EXPECT_EQ(headrace_tokenizer_count(tokenizer, "one", 3, nullptr, &count), HEADRACE_OK);
  EXPECT_EQ(count, 1u);
  char text[16];
  size_t bytes = 0;
  ASSERT_EQ(headrace_tokenizer_decode(tokenizer, ids, 3, nullptr, text, sizeof text, &bytes), HEADRACE_OK);
  EXPECT_EQ(std::string(text, bytes), "one two one");
}

TEST_F(CTokenizer, special_tokens_follow_the_policy) {
  headrace_encode_options options = HEADRACE_ENCODE_OPTIONS_INIT;
  uint32_t id = 9;
  size_t count = 0;
  ASSERT_EQ(headrace_tokenizer_encode(tokenizer, "<s>", 3, &options, &id, nullptr, 1, &count), HEADRACE_OK);
  EXPECT_EQ(id, 0u);
  const headrace_segment user[] = {{"<s>", 3, 0}};
  uint32_t ids[4];
  ASSERT_EQ(headrace_tokenizer_encode_segments(tokenizer, user, 1, &options, ids, nullptr, 4, &count), HEADRACE_OK);
  EXPECT_EQ(std::vector<uint32_t>(ids, ids + count), (std::vector<uint32_t>{5, 6}));
  options.special_tokens = 7;
  EXPECT_EQ(headrace_tokenizer_encode(tokenizer, "<s>", 3, &options, &id, nullptr, 1, &count), HEADRACE_INVALID_ARGUMENT);
}

TEST_F(CTokenizer, options_of_an_older_header_are_completed) {
  struct {
    size_t struct_size;
    int skip_special_tokens;
  } older = {sizeof(size_t) + sizeof(int), 0};
  const uint32_t ids[] = {0, 2};
  char text[16];
  size_t bytes = 0;
  ASSERT_EQ(headrace_tokenizer_decode(tokenizer, ids, 2, reinterpret_cast<headrace_decode_options*>(&older), text, sizeof text, &bytes), HEADRACE_OK);
  EXPECT_EQ(std::string(text, bytes), "<s> one");
  older.struct_size = 0;
  EXPECT_EQ(headrace_tokenizer_decode(tokenizer, ids, 2, reinterpret_cast<headrace_decode_options*>(&older), text, sizeof text, &bytes),
            HEADRACE_INVALID_ARGUMENT);
  EXPECT_NE(std::string(headrace_error_message()).find("struct_size"), std::string::npos);
}

TEST_F(CTokenizer, errors_are_a_status_and_a_sentence_of_the_thread) {
  size_t count = 0;
  EXPECT_EQ(headrace_tokenizer_encode(tokenizer, "\xff", 1, nullptr, nullptr, nullptr, 0, &count), HEADRACE_INVALID_ARGUMENT);
  EXPECT_NE(std::string(headrace_error_message()).find("UTF-8"), std::string::npos);
  std::thread([] { EXPECT_STREQ(headrace_error_message(), ""); }).join();
  EXPECT_EQ(headrace_tokenizer_encode(nullptr, "a", 1, nullptr, nullptr, nullptr, 0, &count), HEADRACE_INVALID_ARGUMENT);
  EXPECT_EQ(headrace_tokenizer_encode(tokenizer, nullptr, 1, nullptr, nullptr, nullptr, 0, &count), HEADRACE_INVALID_ARGUMENT);
  EXPECT_EQ(headrace_tokenizer_encode(tokenizer, "a", 1, nullptr, nullptr, nullptr, 0, nullptr), HEADRACE_INVALID_ARGUMENT);
  headrace_tokenizer* none = tokenizer;
  EXPECT_EQ(headrace_tokenizer_load_file("/nowhere/tokenizer.json", &none), HEADRACE_NOT_FOUND);
  EXPECT_EQ(none, nullptr);
  EXPECT_NE(headrace_tokenizer_load_memory("{", 1, &none), HEADRACE_OK);
  headrace_tokenizer_free(nullptr);
  headrace_stream_decoder_free(nullptr);
}

TEST_F(CTokenizer, knows_its_vocabulary) {
  size_t size = 0;
  EXPECT_EQ(headrace_tokenizer_vocabulary_size(tokenizer, &size), HEADRACE_OK);
  EXPECT_EQ(size, 7u);
  char token[4];
  EXPECT_EQ(headrace_tokenizer_token(tokenizer, 4, token, sizeof token, &size), HEADRACE_OK);
  EXPECT_EQ(std::string(token, size), "é");
  EXPECT_EQ(headrace_tokenizer_token(tokenizer, 77, token, sizeof token, &size), HEADRACE_NOT_FOUND);
  uint32_t id = 0;
  EXPECT_EQ(headrace_tokenizer_id(tokenizer, "two", 3, &id), HEADRACE_OK);
  EXPECT_EQ(id, 3u);
  int special = 0;
  EXPECT_EQ(headrace_tokenizer_is_special(tokenizer, 0, &special), HEADRACE_OK);
  EXPECT_EQ(special, 1);
  EXPECT_EQ(headrace_tokenizer_interface(), HEADRACE_TOKENIZER_INTERFACE);
}

TEST(CLimits, are_read_and_set_by_name) {
  std::set<std::string> names;
  for (size_t i = 0; headrace_limit_name(i); ++i) names.insert(headrace_limit_name(i));
  EXPECT_EQ(names, (std::set<std::string>{"text_bytes", "encoding_tokens", "match_steps", "find_steps", "pattern_bytes",
                                          "pattern_depth", "cache_bytes"}));
  uint64_t before = 0, after = 0;
  ASSERT_EQ(headrace_limit_get("encoding_tokens", &before), HEADRACE_OK);
  EXPECT_EQ(headrace_limit_set("encoding_tokens", before + 1), HEADRACE_OK);
  EXPECT_EQ(headrace_limit_get("encoding_tokens", &after), HEADRACE_OK);
  EXPECT_EQ(after, before + 1);
  EXPECT_EQ(headrace_limit_set("encoding_tokens", before), HEADRACE_OK);
  EXPECT_EQ(headrace_limit_set("encoding_tokens", 0), HEADRACE_INVALID_ARGUMENT);
  EXPECT_EQ(headrace_limit_set("pattern_depth", 1001), HEADRACE_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(headrace_error_message()), "the limit pattern_depth may be from 1 to 1000, not 1001");
  EXPECT_EQ(headrace_limit_get("patience", &before), HEADRACE_INVALID_ARGUMENT);
  EXPECT_THAT(std::string(headrace_error_message()), ::testing::StartsWith("no limit is named \"patience\"; there are text_bytes"));
  EXPECT_EQ(headrace_limit_get(nullptr, &before), HEADRACE_INVALID_ARGUMENT);
  EXPECT_EQ(headrace_limit_get("text_bytes", nullptr), HEADRACE_INVALID_ARGUMENT);
  ASSERT_EQ(headrace_limit_get("cache_bytes", &before), HEADRACE_OK);
  EXPECT_LE(headrace_cache_bytes_in_use(), before);
}

TEST(CLimits, hold_for_the_next_call) {
  std::string json = kJson;
  const std::string before = R"({"type":"WhitespaceSplit"})";
  const std::string split = R"({"type":"Split","pattern":{"Regex":"[a-z]+[0-9]"},"behavior":"Isolated","invert":false})";
  json.replace(json.find(before), before.size(), split);
  uint64_t bytes = 0;
  ASSERT_EQ(headrace_limit_get("pattern_bytes", &bytes), HEADRACE_OK);
  ASSERT_EQ(headrace_limit_set("pattern_bytes", 8), HEADRACE_OK);
  headrace_tokenizer* tokenizer = nullptr;
  EXPECT_EQ(headrace_tokenizer_load_memory(json.data(), json.size(), &tokenizer), HEADRACE_INVALID_DATA);
  EXPECT_EQ(headrace_limit_set("pattern_bytes", bytes), HEADRACE_OK);
  EXPECT_EQ(headrace_tokenizer_load_memory(json.data(), json.size(), &tokenizer), HEADRACE_OK);
  headrace_tokenizer_free(tokenizer);
}

TEST(CTokenizerLifetime, a_stream_decoder_outlives_its_tokenizer) {
  headrace_tokenizer* tokenizer = nullptr;
  ASSERT_EQ(headrace_tokenizer_load_memory(kJson, std::string(kJson).size(), &tokenizer), HEADRACE_OK);
  headrace_stream_decoder* decoder = nullptr;
  ASSERT_EQ(headrace_stream_decoder_create(tokenizer, nullptr, &decoder), HEADRACE_OK);
  headrace_tokenizer_free(tokenizer);
  std::string text;
  const char* piece = nullptr;
  size_t bytes = 0;
  for (const uint32_t id : {2u, 0u, 3u}) {
    ASSERT_EQ(headrace_stream_decoder_push(decoder, id, &piece, &bytes), HEADRACE_OK);
    text.append(piece, bytes);
  }
  ASSERT_EQ(headrace_stream_decoder_finish(decoder, &piece, &bytes), HEADRACE_OK);
  text.append(piece, bytes);
  EXPECT_EQ(text, "one two");
  headrace_stream_decoder_free(decoder);
}

}  // namespace
