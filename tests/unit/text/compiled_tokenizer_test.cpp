#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "text/bpe/byte_letters.h"
#include "text/compiled/array_file.h"
#include "text/tokenizer_files.h"

namespace headrace::text {
namespace {

using Ids = std::vector<TokenId>;

constexpr std::string_view kText = "the mill <s> the  river\n\xC3\xA9\xE4\xB8\xAD the\xF0\x9F\x98\x80 mill<s>";

constexpr char kAdded[] =
    R"([{"id":0,"content":"<s>","single_word":false,"lstrip":true,"rstrip":false,"normalized":false,"special":true},)"
    R"({"id":9000,"content":"river","single_word":true,"lstrip":false,"rstrip":false,"normalized":true,"special":false}])";

std::string tokenizer(std::string_view normalizer, std::string_view pre_tokenizer, std::string_view decoder, std::string_view model) {
  return fmt::format(R"({{"version":"1.0","truncation":null,"padding":null,"added_tokens":{},"normalizer":{},"pre_tokenizer":{},"post_processor":null,)"
                     R"("decoder":{},"model":{}}})", kAdded, normalizer, pre_tokenizer, decoder, model);
}

/// Tokens of bytes, then what merges give.
std::string bpe(std::vector<std::string> tokens, const std::vector<std::pair<std::string, std::string>>& merges, std::string_view settings) {
  std::string vocabulary, list;
  for (const auto& [left, right] : merges) {
    tokens.push_back(left + right);
    list += fmt::format("{}[\"{}\",\"{}\"]", list.empty() ? "" : ",", left, right);
  }
  for (size_t id = 0; id < tokens.size(); ++id) {
    const std::string escaped = tokens[id] == "\"" ? "\\\"" : tokens[id] == "\\" ? "\\\\" : tokens[id];
    vocabulary += fmt::format("{}\"{}\":{}", id == 0 ? "" : ",", escaped, id);
  }
  return fmt::format(R"({{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,{},"vocab":{{{}}},"merges":[{}]}})",
                     settings, vocabulary, list);
}

std::string byte_level() {
  std::vector<std::string> tokens = {"<s>"};
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(ByteLetters::letter(static_cast<uint8_t>(byte)));
  const std::vector<std::pair<std::string, std::string>> merges = {
      {"t", "h"}, {"th", "e"}, {"Ġ", "the"}, {"m", "i"}, {"l", "l"}, {"mi", "ll"}, {"Ġ", "mill"}, {"Ã", "©"}, {"Ġ", "Ġ"}, {"Ġthe", "Ġmill"}};
  return tokenizer(R"({"type":"NFC"})", R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})",
                   R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})",
                   bpe(tokens, merges, R"("fuse_unk":false,"byte_fallback":false,"ignore_merges":false)"));
}

std::string sentencepiece() {
  std::vector<std::string> tokens = {"<s>"};
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(fmt::format("<0x{:02X}>", byte));
  for (const char* character : {"▁", "t", "h", "e", "m", "i", "l", "中"}) tokens.emplace_back(character);
  const std::vector<std::pair<std::string, std::string>> merges = {{"t", "h"}, {"th", "e"}, {"▁", "the"}, {"l", "l"}, {"m", "i"}, {"mi", "ll"}, {"▁", "mill"}};
  return tokenizer(R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]})", "null",
                   R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]})",
                   bpe(tokens, merges, R"("fuse_unk":true,"byte_fallback":true,"ignore_merges":false)"));
}

std::string word_level() {
  return tokenizer("null", R"({"type":"Whitespace"})", "null", R"({"type":"WordLevel","vocab":{"<s>":0,"the":7,"mill":70000,"?":3},"unk_token":"?"})");
}

std::string word_piece() {
  return tokenizer(R"({"type":"Lowercase"})", R"({"type":"Whitespace"})", R"({"type":"WordPiece","prefix":"##","cleanup":true})",
                   R"({"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"<s>":0,"?":1,"th":2,"##e":3,"mill":4}})");
}

std::string unigram() {
  return tokenizer("null", R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true})", "null",
                   R"({"type":"Unigram","unk_id":1,"vocab":[["<s>",0.0],["?",0.0],["▁the",-1.5],["▁mill",-2.25],["▁",-3.0]],"byte_fallback":false})");
}

std::vector<std::string> all_kinds() { return {byte_level(), sentencepiece(), word_level(), word_piece(), unigram()}; }

Pipeline loaded(const std::string& json) {
  auto pipeline = Pipeline::from_json(json);
  EXPECT_TRUE(pipeline) << pipeline.error().message;
  return *std::move(pipeline);
}

std::string compiled_of(const Pipeline& pipeline) {
  auto file = pipeline.to_compiled();
  EXPECT_TRUE(file) << file.error().message;
  return *std::move(file);
}

Ids ids_of(const Pipeline& pipeline, std::string_view text) {
  Ids ids;
  const auto encoded = pipeline.encode_ids(text, {}, ids);
  EXPECT_TRUE(encoded) << encoded.error().message;
  return ids;
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

void use(const Pipeline& pipeline) {
  for (const std::string& text : {std::string(kText), repeated(kText, 300)}) {
    std::vector<TokenId> ids;
    std::vector<Offset> offsets;
    if (pipeline.encode_ids(text, {}, ids)) (void)pipeline.decode(ids, false);
    (void)pipeline.encode_ids(text, {}, ids, &offsets);
  }
  (void)pipeline.encode({kText, std::nullopt});
  (void)pipeline.to_json(true);
  (void)pipeline.vocabulary(true);
}

TEST(CompiledTokenizer, does_what_its_json_does_and_is_saved_as_it) {
  for (const std::string& json : all_kinds()) {
    const Pipeline pipeline = loaded(json);
    const auto compiled = Pipeline::from_compiled(compiled_of(pipeline), "it");
    ASSERT_TRUE(compiled) << compiled.error().message;
    for (const std::string& text : {std::string(), std::string(kText), repeated(kText, 500)}) {
      const Ids ids = ids_of(pipeline, text);
      EXPECT_EQ(ids_of(*compiled, text), ids);
      EXPECT_EQ(*compiled->decode(ids, false), *pipeline.decode(ids, false));
      EXPECT_EQ(compiled->encode({text, std::nullopt})->offsets, pipeline.encode({text, std::nullopt})->offsets);
    }
    EXPECT_EQ(*compiled->to_json(true), *pipeline.to_json(true));
    EXPECT_EQ(compiled->added_tokens(), pipeline.added_tokens());
    EXPECT_EQ(compiled->vocabulary_size(true), pipeline.vocabulary_size(true));
    EXPECT_EQ(compiled->token_to_id("mill"), pipeline.token_to_id("mill"));
    EXPECT_EQ(compiled->id_to_token(4), pipeline.id_to_token(4));
  }
}

TEST(CompiledTokenizer, of_the_same_tokenizer_is_the_same_file) {
  for (const std::string& json : all_kinds()) {
    const std::string file = compiled_of(loaded(json));
    EXPECT_EQ(compiled_of(loaded(json)), file);
    EXPECT_EQ(compiled_of(*Pipeline::from_compiled(file, "it")), file);
  }
}

TEST(CompiledTokenizer, has_live_parts) {
  Pipeline pipeline = *Pipeline::from_compiled(compiled_of(loaded(byte_level())), "it");
  Pipeline other = loaded(byte_level());
  for (Pipeline* each : {&pipeline, &other}) {
    each->set_normalizer(std::make_shared<Live<NormalizerSpec>>(NormalizerSpec{Lowercase{}}));
    each->model()->edit([](ModelSpec& spec) { std::get<BpeModel>(spec.value).ignore_merges = true; });
    const AddedToken token{.content = "THE"};
    EXPECT_TRUE(each->add_tokens(std::span(&token, 1)));
  }
  const std::string text = repeated("THE MILL the mill", 400);
  EXPECT_EQ(ids_of(pipeline, text), ids_of(other, text));
  EXPECT_EQ(*pipeline.to_json(false), *other.to_json(false));
}

TEST(CompiledTokenizer, is_loaded_from_a_file_by_what_it_begins_with) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("headrace_compiled_{}.json", std::random_device{}());
  const Pipeline pipeline = loaded(byte_level());
  ASSERT_TRUE(pipeline.save_compiled(path));
  EXPECT_TRUE(is_compiled_tokenizer(path));
  for (const auto& opened : {Pipeline::from_file(path), load_tokenizer(path)}) {
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(ids_of(*opened, kText), ids_of(pipeline, kText));
  }
  std::filesystem::resize_file(path, 1000);
  const auto cut = Pipeline::from_file(path);
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find(path.string()), std::string::npos);
  std::filesystem::remove(path);
}

TEST(CompiledTokenizer, that_ends_early_or_goes_on_is_refused) {
  const std::string file = compiled_of(loaded(word_level()));
  for (size_t size = 0; size < file.size(); size += size < 400 ? 1 : 97) {
    const auto cut = Pipeline::from_compiled(file.substr(0, size), "it");
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().kind, ErrorKind::InvalidData);
    EXPECT_TRUE(cut.error().message.starts_with("it: ")) << cut.error().message;
  }
  EXPECT_FALSE(Pipeline::from_compiled(file + '\0', "it"));
}

TEST(CompiledTokenizer, of_which_any_byte_is_another_is_refused) {
  std::string file = compiled_of(loaded(word_level()));
  for (size_t at = 0; at < file.size(); ++at) {
    for (const char change : {char(1), char(0x80)}) {
      file[at] = static_cast<char>(file[at] ^ change);
      ASSERT_FALSE(Pipeline::from_compiled(file, "it")) << at;
      file[at] = static_cast<char>(file[at] ^ change);
    }
  }
  EXPECT_TRUE(Pipeline::from_compiled(file, "it"));
}

TEST(CompiledTokenizer, of_another_version_is_told_apart_from_a_damaged_one) {
  std::string file = compiled_of(loaded(word_level()));
  file[8] = 99;
  const auto opened = Pipeline::from_compiled(file, "it");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Unsupported);
  EXPECT_NE(opened.error().message.find("version 99"), std::string::npos);
}

/// Files whose checksum is right and whose content is not: refused, or used without harm (run with sanitizers).
TEST(CompiledTokenizer, that_lies_does_no_harm) {
  std::mt19937 random(20261128);
  for (const std::string& json : all_kinds()) {
    const std::string whole = compiled_of(loaded(json));
    uint32_t n_arrays;
    std::memcpy(&n_arrays, whole.data() + 12, sizeof n_arrays);
    size_t refused = 0;
    for (int round = 0; round < 300; ++round) {
      std::string file = whole;
      const int edits = 1 + static_cast<int>(random() % 4);
      for (int edit = 0; edit < edits; ++edit) {
        // The list of arrays, or a word of an array.
        size_t at = 32 + random() % (n_arrays * 24);
        if (random() % 3 != 0) {
          uint64_t place[2];
          std::memcpy(place, whole.data() + 32 + random() % n_arrays * 24, sizeof place);
          at = place[0] + (place[1] == 0 ? 0 : random() % std::min<uint64_t>(place[1], 4096));
        }
        at = std::min(at, file.size() - 8);
        const uint64_t values[] = {0, 1, ~uint64_t{0}, random(), uint64_t{random()} << 32};
        std::memcpy(file.data() + at, &values[random() % std::size(values)], random() % 2 ? 4 : 8);
      }
      if (random() % 8 == 0) file.resize(64 + random() % (file.size() - 64));
      compiled::seal(file);
      const auto opened = Pipeline::from_compiled(file, "it");
      if (opened) {
        use(*opened);
      } else {
        ++refused;
        EXPECT_FALSE(opened.error().message.empty());
      }
    }
    EXPECT_GT(refused, 30u);
  }
}

}  // namespace
}  // namespace headrace::text
