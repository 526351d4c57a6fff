#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "text/training.h"

namespace headrace::text {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

WordCounts counted(const std::vector<std::pair<std::string, uint64_t>>& words) {
  WordCounts counts;
  for (const auto& [word, count] : words) counts.add(word, count);
  return counts;
}

Result<TrainedModel> trained(TrainerParameters parameters, WordCounts words, ModelSpec before) {
  Trainer trainer(std::move(parameters));
  trainer.feed(std::move(words));
  return trainer.train(before);
}

TEST(WordCounts, add_up_and_keep_the_order_of_the_first) {
  WordCounts counts = counted({{"b", 2}, {"a", 1}, {"b", 3}, {"", 4}});
  WordCounts more = counted({{"c", 1}, {"a", 7}});
  counts.add(more);
  ASSERT_EQ(counts.size(), 4u);
  EXPECT_EQ(counts.word(0), "b");
  EXPECT_EQ(counts.count(0), 5u);
  EXPECT_EQ(counts.count(1), 8u);
  EXPECT_EQ(counts.word(2), "");
  EXPECT_EQ(counts.word(3), "c");
}

TEST(WordCounts, find_every_word_again_when_the_table_grows) {
  WordCounts counts;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5000; ++i) counts.add("word" + std::to_string(i));
  }
  ASSERT_EQ(counts.size(), 5000u);
  for (size_t n = 0; n < counts.size(); ++n) EXPECT_EQ(counts.count(n), 2u);
}

TEST(BpeTraining, merges_the_most_frequent_pair_then_the_one_with_the_smallest_ids) {
  const auto result = trained(BpeTrainer{}, counted({{"ab", 3}, {"cd", 3}, {"abc", 1}}), ModelSpec{BpeModel{}}).value();
  EXPECT_EQ(write_component(result.model).value(),
            R"({"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,)"
            R"("fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{"a":0,"b":1,"c":2,"d":3,"ab":4,"cd":5,"abc":6},)"
            R"("merges":[["a","b"],["c","d"],["ab","c"]]})");
}

TEST(BpeTraining, keeps_the_other_parameters_of_the_model) {
  BpeModel before;
  before.unk_token = "<unk>";
  before.dropout = 0.5f;
  before.continuing_subword_prefix = "@@";
  const auto result = trained(BpeTrainer{}, counted({{"ab", 1}}), ModelSpec{before}).value();
  const auto& model = std::get<BpeModel>(result.model.value);
  EXPECT_EQ(model.unk_token, "<unk>");
  EXPECT_EQ(model.dropout, 0.5f);
  EXPECT_EQ(model.continuing_subword_prefix, std::nullopt);
}

TEST(BpeTraining, counts_beyond_32_bits) {
  const uint64_t many = uint64_t{1} << 40;
  BpeTrainer trainer;
  trainer.min_frequency = many;
  const auto result = trained(trainer, counted({{"ab", many}, {"bc", many - 1}}), ModelSpec{BpeModel{}}).value();
  const auto& model = std::get<BpeModel>(result.model.value);
  EXPECT_THAT(entries(*model.merges, *model.vocabulary), ElementsAre(Pair("a", "b")));
}

TEST(BpeTraining, refuses_counts_that_would_overflow) {
  const auto result = trained(BpeTrainer{}, counted({{"ab", std::numeric_limits<uint64_t>::max()}}), ModelSpec{BpeModel{}});
  EXPECT_EQ(result.error().kind, ErrorKind::OutOfRange);
}

TEST(BpeTraining, words_that_are_not_utf_8_are_no_danger) {
  EXPECT_TRUE(trained(BpeTrainer{}, counted({{"\xff\xc3", 3}, {"a\xe2\x82", 2}, {"", 5}}), ModelSpec{BpeModel{}}));
  UnigramTrainer unigram;
  EXPECT_TRUE(trained(unigram, counted({{"\xff\xc3", 3}, {"a\xe2\x82", 2}, {"", 5}}), ModelSpec{UnigramModel{}}));
}

TEST(WordPieceTraining, is_bpe_with_a_prefix) {
  WordPieceTrainer trainer;
  trainer.bpe.special_tokens = {{.content = "[UNK]"}};
  const auto result = trained(trainer, counted({{"ab", 3}}), ModelSpec{WordPieceModel{}}).value();
  const auto& model = std::get<WordPieceModel>(result.model.value);
  EXPECT_THAT(entries(*model.vocabulary), ElementsAre(Pair("[UNK]", 0), Pair("a", 1), Pair("b", 2), Pair("##b", 3), Pair("ab", 4)));
  EXPECT_EQ(result.special_tokens.size(), 1u);
}

TEST(WordLevelTraining, takes_the_most_frequent_words_then_the_first_in_order) {
  WordLevelTrainer trainer;
  trainer.vocab_size = 3;
  trainer.min_frequency = 2;
  const auto result = trained(trainer, counted({{"b", 2}, {"a", 2}, {"c", 9}, {"d", 1}}), ModelSpec{WordLevelModel{}}).value();
  EXPECT_THAT(entries(*std::get<WordLevelModel>(result.model.value).vocabulary), ElementsAre(Pair("c", 0), Pair("a", 1), Pair("b", 2)));
}

TEST(UnigramTraining, puts_the_unknown_token_first_unless_it_is_a_special_token) {
  UnigramTrainer trainer;
  trainer.unk_token = "<unk>";
  const auto words = [] { return counted({{"the", 12}, {"are", 11}}); };
  const auto first = std::get<UnigramModel>(trained(trainer, words(), ModelSpec{UnigramModel{}}).value().model.value);
  EXPECT_EQ(first.pieces->at(0).first, "<unk>");
  EXPECT_EQ(first.unk_id, 0u);
  trainer.special_tokens = {{.content = "<s>"}, {.content = "<unk>"}};
  const auto second = std::get<UnigramModel>(trained(trainer, words(), ModelSpec{UnigramModel{}}).value().model.value);
  EXPECT_EQ(second.pieces->at(1).first, "<unk>");
  EXPECT_EQ(second.unk_id, 1u);
}

TEST(UnigramTraining, of_no_words_is_the_special_tokens) {
  UnigramTrainer trainer;
  trainer.special_tokens = {{.content = "<s>"}};
  const auto model = std::get<UnigramModel>(trained(trainer, {}, ModelSpec{UnigramModel{}}).value().model.value);
  EXPECT_THAT(*model.pieces, ElementsAre(Pair("<s>", 0.0)));
}

TEST(Training, tells_its_progress) {
  Trainer trainer(BpeTrainer{});
  trainer.feed(counted({{"ab", 3}}));
  std::vector<std::string> steps;
  ASSERT_TRUE(trainer.train(ModelSpec{BpeModel{}}, {.progress = [&](std::string_view step, size_t done, size_t total) {
    EXPECT_LE(done, total);
    if (steps.empty() || steps.back() != step) steps.emplace_back(step);
  }}));
  EXPECT_THAT(steps, ElementsAre("Count pairs", "Compute merges"));
}

TEST(Training, stops_when_it_is_interrupted) {
  const auto interrupted = [](TrainerParameters parameters, ModelSpec before) {
    Trainer trainer(std::move(parameters));
    trainer.feed(counted({{"mill", 12}, {"miller", 11}}));
    const auto result = trainer.train(before, {.progress = {}, .pool = nullptr, .interrupted = [] { return true; }});
    return !result && result.error().kind == ErrorKind::Cancelled;
  };
  EXPECT_TRUE(interrupted(BpeTrainer{}, {BpeModel{}}));
  EXPECT_TRUE(interrupted(WordPieceTrainer{}, {WordPieceModel{}}));
  EXPECT_TRUE(interrupted(UnigramTrainer{}, {UnigramModel{}}));
}

std::vector<std::string> parity_tokens(const ParityBpeTrainer& trainer, const LanguageWords& words) {
  const auto result = train(trainer, words).value();
  const auto model = nlohmann::json::parse(write_component(result.model).value());
  std::vector<std::string> joined;
  for (const auto& merge : model["merges"]) joined.push_back(merge[0].get<std::string>() + merge[1].get<std::string>());
  return joined;
}

LanguageWords two_languages() {
  LanguageWords words;
  words.training.push_back(counted({{"aabb", 10}}));
  words.training.push_back(counted({{"ccdd", 10}}));
  return words;
}

TEST(ParityBpeTraining, merges_for_the_language_that_is_worst_off_and_of_equal_pairs_the_greater_one) {
  EXPECT_THAT(parity_tokens({}, two_languages()), ElementsAre("bb", "dd", "abb", "cdd", "aabb", "ccdd"));
}

TEST(ParityBpeTraining, takes_who_is_worst_off_from_words_that_are_held_out) {
  LanguageWords words = two_languages();
  words.held_out.push_back(counted({{"ab", 1}}));
  words.held_out.push_back(counted({{"ccddccdd", 1}, {"ccddx", 50}}));
  ParityBpeTrainer trainer;
  trainer.num_merges = 2;
  EXPECT_THAT(parity_tokens(trainer, words), ElementsAre("dd", "cdd"));
}

TEST(ParityBpeTraining, gives_a_language_of_a_higher_ratio_more_merges) {
  ParityBpeTrainer trainer;
  trainer.num_merges = 3;
  trainer.ratio = {1.0, 4.0};
  EXPECT_THAT(parity_tokens(trainer, two_languages()), ElementsAre("dd", "cdd", "ccdd"));
}

TEST(ParityBpeTraining, begins_with_merges_for_all_languages_together) {
  LanguageWords words = two_languages();
  words.training.push_back(counted({{"ef", 19}, {"fe", 2}}));
  ParityBpeTrainer trainer;
  trainer.num_merges = 2;
  trainer.global_merges = 1;
  EXPECT_THAT(parity_tokens(trainer, words), ElementsAre("ef", "bb"));
}

TEST(ParityBpeTraining, ends_where_every_language_is_above_its_share_or_without_words) {
  ParityBpeTrainer trainer;
  trainer.variant = ParityBpeTrainer::Variant::Window;
  trainer.window_size = 2;
  trainer.alpha = 0.1;
  EXPECT_EQ(parity_tokens(trainer, two_languages()).size(), 6u);
  LanguageWords words = two_languages();
  words.training.emplace_back();
  words.training.emplace_back();
  EXPECT_EQ(parity_tokens(trainer, words).size(), 6u);
  trainer.ratio = {1.0, 1.0, 1.0, 1.0};  // a language without words has no rate
  EXPECT_EQ(parity_tokens(trainer, words).size(), 6u);
  trainer.variant = ParityBpeTrainer::Variant::Base;
  EXPECT_EQ(parity_tokens(trainer, words).size(), 6u);
}

TEST(ParityBpeTraining, says_what_does_not_fit_together) {
  const auto message = [](const ParityBpeTrainer& trainer, const LanguageWords& words) { return train(trainer, words).error().message; };
  EXPECT_EQ(message({}, {}), "No language data has been fed");
  ParityBpeTrainer trainer;
  trainer.ratio = {1.0};
  EXPECT_EQ(message(trainer, two_languages()), "ratio length (1) does not match number of languages (2)");
  trainer.ratio = {1.0, 0.0};
  EXPECT_EQ(message(trainer, two_languages()), "ratio[1] must be a positive finite number (got 0)");
  trainer = {};
  trainer.variant = ParityBpeTrainer::Variant::Window;
  trainer.window_size = 0;
  EXPECT_EQ(message(trainer, two_languages()), "window_size must be > 0 when variant is Window");
  LanguageWords words = two_languages();
  words.held_out.emplace_back();
  EXPECT_EQ(message({}, words), "there are held-out words of 1 languages and training words of 2");
  words = {};
  words.training.push_back(counted({{"ab", std::numeric_limits<uint64_t>::max() / 2}}));
  EXPECT_EQ(train({}, words).error().kind, ErrorKind::OutOfRange);
}

}  // namespace
}  // namespace headrace::text
