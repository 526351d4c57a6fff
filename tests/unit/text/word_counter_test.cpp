#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "text/training.h"

namespace headrace::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

template <class Spec, class Part>
LivePart<Spec> live(Part part) {
  return std::make_shared<Live<Spec>>(Spec{std::move(part)});
}

/// Changes nothing, but nobody can know that.
class Opaque final : public PreTokenizerStage {
  Result<void> pre_tokenize(PreTokenizedString&) const override { return {}; }
};

PreTokenizerSpec sequence(std::vector<PreTokenizerSpec> parts) {
  PreTokenizerSequence all;
  for (auto& part : parts) all.parts.push_back(std::make_shared<Live<PreTokenizerSpec>>(std::move(part)));
  return {std::move(all)};
}

using Parts = std::pair<std::vector<NormalizerSpec>, std::vector<PreTokenizerSpec>>;

Pipeline pipeline_of(const Parts& parts, bool opaque = false) {
  Pipeline pipeline(live<ModelSpec>(BpeModel{}));
  NormalizerSequence normalizers;
  for (const auto& part : parts.first) normalizers.parts.push_back(std::make_shared<Live<NormalizerSpec>>(part));
  if (!normalizers.parts.empty()) pipeline.set_normalizer(live<NormalizerSpec>(std::move(normalizers)));
  auto pre_tokenizers = parts.second;
  if (opaque) pre_tokenizers.push_back({CustomPreTokenizer{std::make_shared<Opaque>()}});
  if (!pre_tokenizers.empty()) pipeline.set_pre_tokenizer(std::make_shared<Live<PreTokenizerSpec>>(sequence(std::move(pre_tokenizers))));
  return pipeline;
}

/// Parts that words can be told of early for, and some for which they cannot.
const std::vector<Parts>& all_parts() {
  static const ReplaceNormalizer extra_spaces{RegexPattern{" {2,}"}, " "};
  static const std::vector<Parts> parts{
      {{}, {{ByteLevelPreTokenizer{.add_prefix_space = false}}}},
      {{}, {{ByteLevelPreTokenizer{}}}},
      {{{Nfc{}}}, {{ByteLevelPreTokenizer{}}}},
      {{{Nfkc{}}, {Lowercase{}}}, {{ByteLevelPreTokenizer{}}}},
      {{}, {{Digits{true}}, {ByteLevelPreTokenizer{.add_prefix_space = false}}}},
      {{}, {{Whitespace{}}}},
      {{}, {{WhitespaceSplit{}}, {Punctuation{}}, {Digits{}}}},
      {{{BertNormalizer{}}}, {{BertPreTokenizer{}}}},
      {{{Nmt{}}, {Nfkc{}}, {extra_spaces}}, {{MetaspacePreTokenizer{}}}},
      {{{extra_spaces}}, {{MetaspacePreTokenizer{.prepend_scheme = PrependScheme::First}}}},
      {{{ReplaceNormalizer{StringPattern{"("}, ""}}, {extra_spaces}}, {{MetaspacePreTokenizer{}}}},
      {{{ReplaceNormalizer{StringPattern{"a"}, "\n"}}}, {{ByteLevelPreTokenizer{}}}},
      {{}, {{CharDelimiterSplit{U' '}}, {MetaspacePreTokenizer{}}}},
      {{{StripNormalizer{}}}, {{MetaspacePreTokenizer{}}}},
      {{{Prepend{"x"}}}, {{Whitespace{}}}},
      {{}, {}},
  };
  return parts;
}

std::vector<std::string> some_texts(uint32_t seed) {
  static const std::vector<std::string> parts{"the",  " mill", " ", "  ", "\n", "\t", "'s", "A",  " b", "(",    ")",    "12", " 345", "é",
                                              "e\u0301", " \u0301", "水車", "。", "x",  "\r\n", "\u00a0", "▁",
                                              " ▁",   "ﬁ", "👍🏽", "averyverylongword", " anotherverylongone", "."};
  std::mt19937 random(seed);
  std::vector<std::string> texts(60);
  for (auto& text : texts) {
    for (uint32_t n = random() % 30; n > 0; --n) text += parts[random() % parts.size()];
  }
  return texts;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

std::map<std::string, uint64_t> map_of(const WordCounts& counts) {
  std::map<std::string, uint64_t> map;
  for (size_t n = 0; n < counts.size(); ++n) map[std::string(counts.word(n))] += counts.count(n);
  EXPECT_EQ(map.size(), counts.size());
  return map;
}

std::vector<std::pair<std::string, uint64_t>> list_of(const WordCounts& counts) {
  std::vector<std::pair<std::string, uint64_t>> list;
  for (size_t n = 0; n < counts.size(); ++n) list.emplace_back(counts.word(n), counts.count(n));
  return list;
}

Result<WordCounts> counted(const Pipeline& pipeline, const std::vector<std::string>& texts, TrainingOptions options = {}) {
  HR_TRY(auto counter, WordCounter::make(pipeline, std::move(options)));
  HR_CHECK(counter.add(views(texts)));
  return counter.take();
}

class FileOf {
 public:
  explicit FileOf(std::string_view content) : path_(std::filesystem::temp_directory_path() / ("words." + std::to_string(getpid()))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~FileOf() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Result<WordCounts> counted_in_file(const Pipeline& pipeline, std::string_view content, TrainingOptions options = {}) {
  const FileOf file(content);
  HR_TRY(auto counter, WordCounter::make(pipeline, std::move(options)));
  HR_CHECK(counter.add_files(std::vector{file.path()}));
  return counter.take();
}

TEST(WordCounter, counts_what_the_parts_make_of_each_text) {
  for (size_t i = 0; i < all_parts().size(); ++i) {
    for (uint32_t seed = 0; seed < 40; ++seed) {
      const auto texts = some_texts(seed);
      const auto early = counted(pipeline_of(all_parts()[i]), texts), late = counted(pipeline_of(all_parts()[i], true), texts);
      EXPECT_EQ(map_of(early.value()), map_of(late.value())) << "parts " << i << ", seed " << seed;
    }
  }
}

TEST(WordCounter, gives_the_same_words_in_the_same_order_whatever_the_threads) {
  const auto texts = some_texts(7);
  std::vector<std::string> many;
  for (int i = 0; i < 400; ++i) many.insert(many.end(), texts.begin(), texts.end());
  for (const auto& parts : all_parts()) {
    const Pipeline pipeline = pipeline_of(parts);
    std::vector<std::vector<std::pair<std::string, uint64_t>>> lists;
    for (const int threads : {1, 2, 7}) {
      ThreadPool pool(threads);
      lists.push_back(list_of(counted(pipeline, many, {.progress = {}, .pool = &pool}).value()));
    }
    EXPECT_EQ(lists[0], lists[1]);
    EXPECT_EQ(lists[0], lists[2]);
  }
}

TEST(WordCounter, takes_each_line_of_a_file_with_its_end_as_a_text) {
  const std::string content = "the mill\n\n the \nmill's  wheel \r\n\n\n  no end";
  const std::vector<std::string> lines{"the mill\n", "\n", " the \n", "mill's  wheel \r\n", "\n", "\n", "  no end"};
  for (const auto& parts : all_parts()) {
    const Pipeline pipeline = pipeline_of(parts);
    EXPECT_EQ(list_of(counted_in_file(pipeline, content).value()), list_of(counted(pipeline, lines).value()));
  }
}

TEST(WordCounter, reads_files_of_no_line_one_long_line_and_many_blocks) {
  const Pipeline pipeline = pipeline_of(all_parts()[0]);
  ThreadPool pool(2);
  EXPECT_EQ(counted_in_file(pipeline, "").value().size(), 0u);
  std::string line;
  while (line.size() < 9'000'000) line += " the mill";
  EXPECT_THAT(list_of(counted_in_file(pipeline, line, {.progress = {}, .pool = &pool}).value()),
              UnorderedElementsAre(Pair("Ġmill", 1'000'000), Pair("Ġthe", 1'000'000)));
  std::string lines;
  while (lines.size() < 9'000'000) lines += "a mill\n";
  lines.pop_back();
  EXPECT_THAT(list_of(counted_in_file(pipeline, lines, {.progress = {}, .pool = &pool}).value()),
              ElementsAre(Pair("a", 1'285'715), Pair("Ġmill", 1'285'715), Pair("Ċ", 1'285'714)));
}

TEST(WordCounter, refuses_a_file_that_is_not_utf_8_and_says_where) {
  const auto result = counted_in_file(pipeline_of(all_parts()[0]), "the mill\nthe \xff wheel\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::InvalidData);
  EXPECT_THAT(result.error().message, HasSubstr("stream did not contain valid UTF-8, at byte 13"));
}

TEST(WordCounter, is_as_new_when_its_words_are_taken) {
  auto counter = WordCounter::make(pipeline_of(all_parts()[0])).value();
  const std::vector<std::string_view> texts{"a mill"};
  ASSERT_TRUE(counter.add(texts));
  EXPECT_EQ(counter.take().value().size(), 2u);
  ASSERT_TRUE(counter.add(texts));
  EXPECT_THAT(list_of(counter.take().value()), ElementsAre(Pair("a", 1), Pair("Ġmill", 1)));
}

TEST(WordCounter, stops_when_it_is_interrupted) {
  const TrainingOptions options{.progress = {}, .pool = nullptr, .interrupted = [] { return true; }};
  const auto result = counted(pipeline_of(all_parts()[0]), {"the mill"}, options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Cancelled);
}

TEST(WordCounter, tells_how_many_bytes_of_files_it_has_read) {
  size_t last = 0, of = 0;
  const auto see = [&](std::string_view step, size_t done, size_t total) {
    EXPECT_EQ(step, "Pre-processing files");
    last = done, of = total;
  };
  ASSERT_TRUE(counted_in_file(pipeline_of(all_parts()[0]), "the mill\nwheel", {.progress = see}));
  EXPECT_EQ(last, 14u);
  EXPECT_EQ(of, 14u);
}

}  // namespace
}  // namespace headrace::text
