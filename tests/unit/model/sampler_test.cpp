#include "model/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "model/sampling/philox.h"

// Tests name the fields that they are about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace headrace::model {
namespace {

using text::TokenId;

const kernels::KernelTable& table() { return **kernels::kernel_table(kernels::Isa::Portable); }

TokenId pick(const std::vector<float>& logits, const SampleInput& input) {
  Sampler sampler(table());
  SampleOutput output;
  sampler.sample(logits, input, output);
  return output.id;
}

/// How often each token comes in `draws` positions.
std::map<TokenId, int> draw(const std::vector<float>& logits, const SamplingParameters& parameters, int draws) {
  Sampler sampler(table());
  std::map<TokenId, int> counts;
  for (int i = 0; i < draws; ++i) {
    SampleOutput output;
    sampler.sample(logits, {.parameters = &parameters, .seed = 11, .position = static_cast<uint32_t>(i)}, output);
    ++counts[output.id];
  }
  return counts;
}

std::set<TokenId> kept(const std::vector<float>& logits, const SamplingParameters& parameters, int draws = 2000) {
  std::set<TokenId> ids;
  for (const auto& [id, count] : draw(logits, parameters, draws)) ids.insert(id);
  return ids;
}

std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

TEST(Philox, gives_the_published_words) {
  // Known answers of Random123 for philox4x32-10.
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Sampler, takes_the_lowest_id_of_the_largest_logits_at_temperature_0) {
  const SamplingParameters greedy{.temperature = 0};
  EXPECT_EQ(pick({1, 5, 3, 5}, {.parameters = &greedy}), 1u);
}

TEST(Sampler, draws_by_probability) {
  const std::vector<double> probabilities = {0.5, 0.25, 0.15, 0.07, 0.03};
  const int draws = 40000;
  auto counts = draw(logits_of(probabilities), {}, draws);
  double chi_square = 0;
  for (TokenId id = 0; id < probabilities.size(); ++id) {
    const double expected = probabilities[id] * draws;
    chi_square += (counts[id] - expected) * (counts[id] - expected) / expected;
  }
  EXPECT_LT(chi_square, 18.5);  // 4 degrees of freedom, p = 0.001
}

TEST(Sampler, draws_by_probability_among_candidates_too) {
  const int draws = 40000;
  auto counts = draw(logits_of({0.4, 0.3, 0.2, 0.1}), {.top_k = 3}, draws);
  double chi_square = 0;
  for (TokenId id = 0; id < 3; ++id) {
    const double expected = (0.4 - 0.1 * id) / 0.9 * draws;
    chi_square += (counts[id] - expected) * (counts[id] - expected) / expected;
  }
  EXPECT_EQ(counts[3], 0);
  EXPECT_LT(chi_square, 13.8);  // 2 degrees of freedom, p = 0.001
}

TEST(Sampler, draws_evenly_from_all_parts_of_a_large_vocabulary) {
  const std::vector<float> flat(5000, 2.0f);
  std::vector<int> tenths(10);
  for (const auto& [id, count] : draw(flat, {}, 5000)) tenths[id / 500] += count;
  double chi_square = 0;
  for (const int count : tenths) chi_square += (count - 500.0) * (count - 500.0) / 500.0;
  EXPECT_LT(chi_square, 27.9);  // 9 degrees of freedom, p = 0.001
  EXPECT_GT(chi_square, 0.5);   // and not suspiciously even
}

TEST(Sampler, divides_by_the_temperature) {
  const auto counts = draw(logits_of({0.8, 0.2}), {.temperature = 0.5f}, 40000);
  EXPECT_NEAR(counts.at(0) / 40000.0, 0.64 / 0.68, 0.006);
}

TEST(Sampler, gives_the_same_token_for_the_same_seed_choice_and_position) {
  std::vector<float> logits(1000);
  std::mt19937 random(3);
  for (float& logit : logits) logit = std::normal_distribution<float>()(random);
  const SamplingParameters parameters;
  const SampleInput input{.parameters = &parameters, .seed = 5, .choice = 1, .position = 9};
  const TokenId id = pick(logits, input);
  EXPECT_EQ(pick(logits, input), id);
  std::set<TokenId> others;
  for (uint32_t i = 0; i < 20; ++i) {
    SampleInput other = input;
    (i % 3 == 0 ? other.choice : other.position) += i + 1;
    other.seed += i % 3 == 2 ? i : 0;
    others.insert(pick(logits, other));
  }
  EXPECT_GT(others.size(), 10u);
}

TEST(Sampler, keeps_the_k_largest_lowest_ids_first_on_ties) {
  EXPECT_EQ(kept({1, 2, 2, 2, 0}, {.top_k = 2}), (std::set<TokenId>{1, 2}));
  EXPECT_EQ(kept({1, 2, 3}, {.top_k = 1}), (std::set<TokenId>{2}));
  EXPECT_EQ(kept({1, 2, 3}, {.top_k = 100}).size(), 3u);
}

TEST(Sampler, keeps_the_fewest_tokens_that_hold_top_p) {
  const auto logits = logits_of({0.1, 0.4, 0.2, 0.3});
  EXPECT_EQ(kept(logits, {.top_p = 0.65f}), (std::set<TokenId>{1, 3}));
  EXPECT_EQ(kept(logits, {.top_p = 0.75f}), (std::set<TokenId>{1, 2, 3}));
  EXPECT_EQ(kept(logits, {.top_p = 0.0f}), (std::set<TokenId>{1}));
}

TEST(Sampler, finds_top_p_in_a_flat_vocabulary) {
  const std::vector<float> flat(5000, 1.0f);
  EXPECT_EQ(kept(flat, {.top_p = 0.0019f}, 200), (std::set<TokenId>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  std::vector<float> steep(5000, -40.0f);  // a thousandth of the weight lies in tokens far below the best
  steep[77] = 0;
  EXPECT_EQ(kept(steep, {.top_p = 0.999f}, 20), (std::set<TokenId>{77}));
}

TEST(Sampler, drops_what_is_below_min_p_times_the_best) {
  const auto logits = logits_of({0.5, 0.3, 0.15, 0.05});
  EXPECT_EQ(kept(logits, {.min_p = 0.2f}), (std::set<TokenId>{0, 1, 2}));
  EXPECT_EQ(kept(logits, {.top_k = 2, .min_p = 0.2f}), (std::set<TokenId>{0, 1}));
  EXPECT_EQ(kept(logits, {.min_p = 1.0f}), (std::set<TokenId>{0}));
}

TEST(Sampler, keeps_typical_tokens) {
  // The entropy is 1.24; −log p is 0.69, 1.39, 1.90, 2.30: the second is nearest, then the first.
  const auto logits = logits_of({0.5, 0.25, 0.15, 0.1});
  EXPECT_EQ(kept(logits, {.typical_p = 0.2f}), (std::set<TokenId>{1}));
  EXPECT_EQ(kept(logits, {.typical_p = 0.7f}), (std::set<TokenId>{0, 1}));
}

TEST(Sampler, applies_top_k_before_top_p) {
  // Of the two that top-k keeps, the first holds 0.4 / 0.7 > 0.5.
  EXPECT_EQ(kept(logits_of({0.4, 0.3, 0.3}), {.top_k = 2, .top_p = 0.5f}), (std::set<TokenId>{0}));
  EXPECT_EQ(kept(logits_of({0.4, 0.3, 0.3}), {.top_p = 0.5f}), (std::set<TokenId>{0, 1}));
}

TEST(Sampler, applies_temperature_before_top_p) {
  // At temperature 2 the best holds √0.7 / (√0.7 + √0.3) = 0.60.
  const auto logits = logits_of({0.7, 0.3});
  EXPECT_EQ(kept(logits, {.temperature = 1, .top_p = 0.65f}), (std::set<TokenId>{0}));
  EXPECT_EQ(kept(logits, {.temperature = 2, .top_p = 0.65f}), (std::set<TokenId>{0, 1}));
}

TEST(Sampler, adds_biases_first) {
  const SamplingParameters biased{.temperature = 0, .logit_bias = {{2, 10.0f}, {9, 100.0f}}};  // 9 is outside
  EXPECT_EQ(pick({3, 2, 1}, {.parameters = &biased}), 2u);
  const SamplingParameters banned{.temperature = 0, .logit_bias = {{0, -100.0f}}};
  EXPECT_EQ(pick({3, 2, 1}, {.parameters = &banned}), 1u);
}

TEST(Sampler, penalises_what_has_been_said) {
  const std::vector<TokenCount> counts = {{0, 1, 0}, {1, 0, 3}};
  const auto greedy = [&](SamplingParameters parameters, std::vector<float> logits) {
    parameters.temperature = 0;
    return pick(logits, {.parameters = &parameters, .counts = counts});
  };
  // Repetition: prompt and output, divided where positive, multiplied where negative.
  EXPECT_EQ(greedy({.repetition_penalty = 2}, {4, 3.9f, 2.1f}), 2u);
  EXPECT_EQ(greedy({.repetition_penalty = 2}, {-1, -1, -1.9f}), 2u);
  // Presence: once, output only.
  EXPECT_EQ(greedy({.presence_penalty = 1}, {2.5f, 3, 2.2f}), 0u);
  // Frequency: for each occurrence, output only.
  EXPECT_EQ(greedy({.frequency_penalty = 0.5f}, {1.0f, 3, 1.6f}), 2u);
  EXPECT_EQ(greedy({.frequency_penalty = 0.5f}, {1.0f, 3, 1.4f}), 1u);
  EXPECT_EQ(greedy({}, {4, 3, 2}), 0u);
}

TEST(Sampler, adds_biases_before_the_repetition_penalty) {
  const std::vector<TokenCount> counts = {{0, 1, 0}};
  const SamplingParameters parameters{.temperature = 0, .repetition_penalty = 2, .logit_bias = {{0, 2.0f}}};
  // (2 + 2) / 2 = 2 < 2.5; the other order would give 2 / 2 + 2 = 3.
  EXPECT_EQ(pick({2, 2.5f}, {.parameters = &parameters, .counts = counts}), 1u);
}

TEST(Sampler, picks_only_what_the_mask_allows) {
  std::vector<float> logits(70, 0.0f);
  logits[3] = 50;
  const std::vector<uint32_t> mask = {1u << 5, 1u << 2, 1u << 1};  // 5, 34, 65
  const SamplingParameters greedy{.temperature = 0};
  EXPECT_EQ(pick(logits, {.parameters = &greedy, .allowed_mask = mask}), 5u);
  Sampler sampler(table());
  std::set<TokenId> seen;
  for (const SamplingParameters& parameters : {SamplingParameters{}, SamplingParameters{.top_k = 5}, SamplingParameters{.top_p = 0.99f},
                                               SamplingParameters{.typical_p = 0.99f}}) {
    for (uint32_t i = 0; i < 500; ++i) {
      SampleOutput output;
      sampler.sample(logits, {.parameters = &parameters, .position = i, .allowed_mask = mask}, output);
      seen.insert(output.id);
    }
  }
  EXPECT_EQ(seen, (std::set<TokenId>{5, 34, 65}));
}

TEST(Sampler, reports_logprobs_of_the_raw_logits) {
  const std::vector<float> logits = logits_of({0.1, 0.6, 0.3});
  const SamplingParameters parameters{.temperature = 0, .logit_bias = {{0, 100.0f}}};
  Sampler sampler(table());
  SampleOutput output;
  sampler.sample(logits, {.parameters = &parameters, .top_logprobs = 2, .logprob = true}, output);
  EXPECT_EQ(output.id, 0u);
  EXPECT_NEAR(output.logprob, std::log(0.1), 1e-6);
  ASSERT_EQ(output.top.size(), 2u);
  EXPECT_EQ(output.top[0].id, 1u);
  EXPECT_NEAR(output.top[0].logprob, std::log(0.6), 1e-6);
  EXPECT_EQ(output.top[1].id, 2u);
}

TEST(Sampler, survives_odd_rows) {
  const float nan = std::nanf("");
  const float infinity = std::numeric_limits<float>::infinity();
  for (const SamplingParameters& parameters :
       {SamplingParameters{}, SamplingParameters{.temperature = 0}, SamplingParameters{.top_k = 2}, SamplingParameters{.typical_p = 0.5f},
        SamplingParameters{.top_p = 0.5f}, SamplingParameters{.temperature = 1e-30f}}) {
    EXPECT_EQ(pick({nan, 3, nan}, {.parameters = &parameters}), 1u);
    EXPECT_EQ(pick({0, infinity, 1}, {.parameters = &parameters}), 1u);
    EXPECT_LT(pick({nan, nan, nan}, {.parameters = &parameters}), 3u);
    EXPECT_EQ(pick({-infinity, -infinity, -1e30f}, {.parameters = &parameters}), 2u);
    EXPECT_EQ(pick({7}, {.parameters = &parameters}), 0u);
  }
}

}  // namespace
}  // namespace headrace::model
