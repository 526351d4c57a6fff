// One Pipeline in several threads; run under ThreadSanitizer as well.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "text/bpe/byte_letters.h"
#include "text/pipeline.h"

namespace headrace::text {
namespace {

/// Byte-level BPE of a shape that is encoded in bulk.
Pipeline byte_level() {
  std::string vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string letter = ByteLetters::letter(static_cast<uint8_t>(byte));
    vocabulary += "\"" + (letter == "\"" || letter == "\\" ? "\\" + letter : letter) + "\":" + std::to_string(byte) + ",";
  }
  auto pipeline = Pipeline::from_json(
      R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":260,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],)"
      R"("normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},"post_processor":null,)"
      R"("decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},"model":{"type":"BPE","dropout":null,"unk_token":null,)"
      R"("continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{)" +
      vocabulary + R"("th":256,"the":257,"Ġthe":258,"ll":259},"merges":["t h","th e","Ġ the","l l"]}})");
  EXPECT_TRUE(pipeline) << pipeline.error().message;
  return *std::move(pipeline);
}

/// Long enough that the tables for bulk are made.
std::string long_text() {
  std::string text;
  while (text.size() < 100'000) text += "the mill <s>by the e\u0301 \u4e2d\u6587 will" + std::to_string(text.size()) + "\n";
  return text;
}

template <class Body>
void on_threads(size_t count, Body body) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(PipelineThreads, that_make_the_tables_for_bulk_at_once_get_the_ids_of_one) {
  const std::string text = long_text();
  std::vector<TokenId> expected;
  ASSERT_TRUE(byte_level().encode_ids(text, {}, expected));
  for (int round = 0; round < 3; ++round) {
    const Pipeline pipeline = byte_level();
    on_threads(4, [&](size_t) {
      for (int i = 0; i < 3; ++i) {
        std::vector<TokenId> ids;
        EXPECT_TRUE(pipeline.encode_ids(text, {}, ids));
        EXPECT_EQ(ids, expected);
        EXPECT_EQ(pipeline.decode(ids, false).value_or(""), byte_level().decode(expected, false).value_or("?"));
      }
    });
  }
}

TEST(PipelineThreads, calls_keep_the_parts_that_they_began_with) {
  Pipeline pipeline = byte_level();
  const std::string text = "The Mill " + long_text();
  std::vector<TokenId> as_it_is, in_lower_case;
  ASSERT_TRUE(pipeline.encode_ids(text, {}, as_it_is));
  const auto nfc = pipeline.normalizer();
  const auto lower = std::make_shared<Live<NormalizerSpec>>(NormalizerSpec{Lowercase{}});
  const auto sequence = std::make_shared<Live<NormalizerSpec>>(NormalizerSpec{NormalizerSequence{{nfc, lower}}});
  pipeline.set_normalizer(sequence);
  ASSERT_TRUE(pipeline.encode_ids(text, {}, in_lower_case));
  ASSERT_NE(as_it_is, in_lower_case);
  std::atomic<bool> done = false;
  std::thread changes([&] {
    for (bool lower_now = false; !done; lower_now = !lower_now) pipeline.set_normalizer(lower_now ? sequence : nfc);
  });
  on_threads(3, [&](size_t) {
    for (int i = 0; i < 5; ++i) {
      std::vector<TokenId> ids;
      EXPECT_TRUE(pipeline.encode_ids(text, {}, ids));
      EXPECT_TRUE(ids == as_it_is || ids == in_lower_case);
    }
  });
  done = true;
  changes.join();
}

TEST(PipelineThreads, parts_that_change_in_place_and_added_tokens_disturb_no_call) {
  Pipeline pipeline = byte_level();
  std::atomic<bool> done = false;
  std::thread changes([&] {
    for (int i = 0; !done; ++i) {
      const std::vector<AddedToken> more = {{.content = "<" + std::to_string(i % 100) + ">"}};
      EXPECT_TRUE(pipeline.add_tokens(more));
      pipeline.pre_tokenizer()->edit([&](PreTokenizerSpec& spec) { std::get<ByteLevelPreTokenizer>(spec.value).add_prefix_space = i % 2 == 0; });
      pipeline.set_padding(i % 3 == 0 ? std::optional(PaddingParams{.length = 8, .pad_to_multiple_of = {}}) : std::nullopt);
      EXPECT_TRUE(pipeline.to_json(false));
    }
  });
  const std::string_view texts[] = {"the mill", "<s>the", ""};
  on_threads(3, [&](size_t) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(pipeline.encode({texts[i % 3], std::nullopt}));
      EXPECT_TRUE(pipeline.encode_batch_ids(texts, {}, true));
      (void)pipeline.token_to_id("<7>");
      (void)pipeline.vocabulary_size(true);
    }
  });
  done = true;
  changes.join();
}

}  // namespace
}  // namespace headrace::text
