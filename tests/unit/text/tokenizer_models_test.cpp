#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "text/components.h"
#include "text/components/models/merge_table.h"
#include "text/components/models/model_json.h"
#include "text/components/models/piece_trie.h"
#include "text/components/models/token_table.h"

namespace headrace::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;
using Entries = std::vector<std::pair<std::string, TokenId>>;

std::shared_ptr<const TokenTable> table(Entries entries) { return make_token_table(std::move(entries)).value(); }

std::vector<std::string> values(const ModelStage& stage, std::string_view text) {
  std::vector<ModelToken> tokens;
  const auto done = stage.tokenize(text, tokens);
  if (!done) return {"error: " + done.error().message};
  std::vector<std::string> list;
  for (const ModelToken& token : tokens) list.push_back(token.value);
  return list;
}

std::shared_ptr<const ModelStage> stage_of(std::string_view json) {
  return compile(read_component<ModelSpec>(json).value()).value();
}

std::string read_error(std::string_view json) {
  const auto spec = read_component<ModelSpec>(json);
  return spec ? "accepted" : spec.error().message;
}

TEST(TokenTable, finds_spellings_and_ids_both_ways) {
  const auto vocabulary = table({{"b", 1}, {"a", 0}, {"", 2}});
  EXPECT_EQ(vocabulary->find("a"), 0u);
  EXPECT_EQ(vocabulary->find(""), 2u);
  EXPECT_EQ(vocabulary->find("c"), std::nullopt);
  EXPECT_EQ(vocabulary->spelling(1), "b");
  EXPECT_EQ(vocabulary->spelling(3), std::nullopt);
  EXPECT_THAT(entries(*vocabulary), ElementsAre(Pair("a", 0), Pair("b", 1), Pair("", 2)));
}

TEST(TokenTable, takes_the_last_of_equal_spellings_and_of_equal_ids) {
  const auto vocabulary = table({{"a", 5}, {"b", 7}, {"a", 2}, {"c", 7}});
  EXPECT_EQ(vocabulary->size(), 3u);
  EXPECT_EQ(vocabulary->find("a"), 2u);
  EXPECT_EQ(vocabulary->spelling(5), std::nullopt);
  EXPECT_EQ(vocabulary->spelling(7), "c");
  EXPECT_EQ(vocabulary->find("b"), 7u);
}

TEST(TokenTable, holds_huge_ids_in_little_memory) {
  const auto vocabulary = table({{"a", 4294967295u}, {"b", 7}, {"c", 3000000000u}});
  EXPECT_EQ(vocabulary->spelling(4294967295u), "a");
  EXPECT_EQ(vocabulary->spelling(3000000000u), "c");
  EXPECT_EQ(vocabulary->spelling(8), std::nullopt);
  EXPECT_EQ(vocabulary->spelling(0), std::nullopt);
}

TEST(MergeTable, names_the_token_that_the_vocabulary_lacks) {
  const auto vocabulary = table({{"a", 0}, {"b", 1}, {"ab", 2}});
  const std::vector<std::pair<std::string, std::string>> merges{{"a", "b"}, {"ab", "c"}};
  const auto merged = make_merge_table(*vocabulary, merges, std::nullopt);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().kind, ErrorKind::InvalidArgument);
  EXPECT_EQ(merged.error().message, "Token `c` out of vocabulary");
}

TEST(MergeTable, refuses_a_part_that_is_shorter_than_the_prefix) {
  const auto vocabulary = table({{"a", 0}, {"é", 1}});
  EXPECT_FALSE(make_merge_table(*vocabulary, std::vector<std::pair<std::string, std::string>>{{"a", "a"}}, "##"));
  EXPECT_FALSE(make_merge_table(*vocabulary, std::vector<std::pair<std::string, std::string>>{{"a", "é"}}, "#"));
}

TEST(MergeTable, keeps_the_last_of_equal_pairs) {
  const auto vocabulary = table({{"a", 0}, {"b", 1}, {"ab", 2}, {"ba", 3}});
  const std::vector<std::pair<std::string, std::string>> merges{{"a", "b"}, {"b", "a"}, {"a", "b"}};
  const auto merged = make_merge_table(*vocabulary, merges, std::nullopt).value();
  EXPECT_EQ(merged->find(0, 1), 2u);
  EXPECT_THAT(entries(*merged, *vocabulary), ElementsAre(Pair("b", "a"), Pair("a", "b")));
}

TEST(PieceTrie, finds_every_piece_that_a_text_begins_with_shortest_first) {
  const std::vector<std::string> pieces{"ab", "", "a", "abc", "b", "ab", "\xff\xff", "abcdef"};
  const PieceTrie trie(pieces.size(), [&](size_t n) { return std::string_view(pieces[n]); });
  std::vector<std::pair<size_t, uint32_t>> found;
  trie.for_each_prefix(PieceTrie::kRoot, "abcde", [&](size_t length, uint32_t value) { found.emplace_back(length, value); });
  EXPECT_THAT(found, ElementsAre(Pair(1u, 2u), Pair(2u, 5u), Pair(3u, 3u)));
  EXPECT_EQ(trie.find("abcdef"), 7u);
  EXPECT_EQ(trie.find("abcde"), PieceTrie::kNoValue);
  EXPECT_EQ(trie.find("\xff\xff"), 6u);
  EXPECT_EQ(trie.walk(PieceTrie::kRoot, "x"), PieceTrie::kNoNode);
}

TEST(Models, an_empty_spec_of_each_kind_compiles) {
  EXPECT_THAT(values(*compile(ModelSpec{BpeModel{}}).value(), "ab"), ElementsAre());
  EXPECT_THAT(values(*compile(ModelSpec{WordPieceModel{}}).value(), "ab"),
              ElementsAre("error: WordPiece error: Missing [UNK] token from the vocabulary"));
  EXPECT_THAT(values(*compile(ModelSpec{WordLevelModel{}}).value(), "ab"),
              ElementsAre("error: WordLevel error: Missing [UNK] token from the vocabulary"));
  EXPECT_THAT(values(*compile(ModelSpec{UnigramModel{}}).value(), "ab"),
              ElementsAre("error: Encountered an unknown token but `unk_id` is missing"));
}

TEST(Models, a_unigram_model_whose_unknown_piece_does_not_exist_is_refused) {
  UnigramModel model;
  model.unk_id = 0;
  EXPECT_EQ(compile(ModelSpec{model}).error().message, "The vocabulary is empty but at least <unk> is needed");
}

TEST(Models, a_custom_model_is_its_own_stage_and_has_no_json) {
  const auto stage = stage_of(R"({"type":"WordLevel","vocab":{"a":0},"unk_token":"a"})");
  const ModelSpec spec{CustomModel{stage}};
  EXPECT_EQ(compile(spec).value(), stage);
  EXPECT_EQ(write_component(spec).error().kind, ErrorKind::Unsupported);
}

TEST(Models, dropout_of_one_merges_nothing) {
  const auto stage = stage_of(R"({"type":"BPE","dropout":1.0,"ignore_merges":true,"vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]})");
  EXPECT_THAT(values(*stage, "ab"), ElementsAre("a", "b"));
}

TEST(Models, a_model_is_read_from_the_middle_of_a_text) {
  const std::string json = R"({"x":[1], "model" : {"vocab":{"a":0},"unk_token":"a"} ,"y":})";
  size_t position = json.find(':', json.find("model")) + 1;
  ASSERT_TRUE(read_model_json(json, position, 1));
  EXPECT_EQ(json.substr(position), R"( ,"y":})");
}

TEST(Models, pretty_json_has_two_spaces_a_level) {
  const ModelSpec spec = read_component<ModelSpec>(R"({"vocab":{"a":0,"b":1},"unk_token":"a"})").value();
  std::string out;
  ASSERT_TRUE(append_model_json(out, spec, true, 1));
  EXPECT_EQ(out, "{\n    \"type\": \"WordLevel\",\n    \"vocab\": {\n      \"a\": 0,\n      \"b\": 1\n    },\n    \"unk_token\": \"a\"\n  }");
}

TEST(ModelJson, is_refused_when_it_is_not_utf_8_or_something_follows) {
  EXPECT_THAT(read_error("{\"a\":\"\xff\"}"), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(read_error(R"({"vocab":{},"unk_token":"u"} x)"), StartsWith("trailing characters at line 1"));
}

TEST(ModelJson, deep_nesting_is_an_error) {
  const std::string deep = R"({"x":)" + std::string(1'000'000, '[');
  EXPECT_THAT(read_error(deep), StartsWith("recursion limit exceeded"));
}

TEST(ModelJson, cyclic_merges_are_read_and_end) {
  // "ab" and "a" have one id, so what a merge gives can merge again for ever.
  const auto stage = stage_of(R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":0,"abb":0},"merges":[["a","b"],["ab","b"]]})");
  EXPECT_EQ(values(*stage, "abbbb").size(), 1u);
}

TEST(ModelJson, an_id_beyond_32_bits_is_an_error) {
  EXPECT_EQ(read_error(R"({"type":"WordLevel","vocab":{"a":4294967296},"unk_token":"u"})"),
            "invalid value: integer `4294967296`, expected u32");
  EXPECT_EQ(read_error(R"({"type":"WordLevel","vocab":{"a":4294967295},"unk_token":"u"})"), "accepted");
}

TEST(Models, every_model_takes_long_pieces_in_linear_time_or_nearly) {
  const auto milliseconds = [](const ModelStage& stage, size_t length) {
    const std::string text(length, 'a');
    std::vector<ModelToken> tokens;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(stage.tokenize(text, tokens));
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  };
  const auto bpe = stage_of(R"({"type":"BPE","vocab":{"a":0,"aa":1,"aaaa":2,"aaa":3},"merges":["a a","aa aa","aa a"]})");
  const auto word_piece = stage_of(
      R"({"type":"WordPiece","vocab":{"a":0,"##a":1,"##aaaa":2},"unk_token":"a","continuing_subword_prefix":"##",)"
      R"("max_input_chars_per_word":100000000})");
  const auto unigram = stage_of(R"({"type":"Unigram","unk_id":0,"vocab":[["b",0.0],["a",-1.0],["aaa",-2.0],["aa",-2.5]]})");
  for (const auto& stage : {bpe, word_piece, unigram}) EXPECT_LT(milliseconds(*stage, 400'000), 4000);
}

TEST(Models, a_stage_is_shared_by_threads) {
  const auto stage = stage_of(R"({"type":"BPE","dropout":0.5,"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]})");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&stage] {
      for (int i = 0; i < 200; ++i) EXPECT_FALSE(values(*stage, "ababab").empty());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ModelFiles, a_missing_file_is_told_in_the_words_of_the_operating_system) {
  EXPECT_EQ(read_vocabulary_json("/nonexistent/vocab.json").error().message, "No such file or directory (os error 2)");
  const auto stage = stage_of(R"({"vocab":{"a":0},"unk_token":"a"})");
  const auto saved = stage->save("/nonexistent", std::nullopt);
  EXPECT_EQ(saved.error().message, "No such file or directory (os error 2)");
}

TEST(ModelFiles, what_is_saved_is_read_again) {
  const auto folder = std::filesystem::temp_directory_path() / "headrace_models_test";
  std::filesystem::create_directories(folder);
  const auto stage = stage_of(R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]})");
  const auto paths = stage->save(folder.string(), "x").value();
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_THAT(read_vocabulary_json(paths[0]).value(), ElementsAre(Pair("a", 0), Pair("b", 1), Pair("ab", 2)));
  EXPECT_THAT(read_merges_text(paths[1]).value(), ElementsAre(Pair("a", "b")));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace headrace::text
