#include "engine/schedule/chunk_rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace headrace::engine {
namespace {

constexpr ChunkLimits kLimits{.step_tokens = 512, .min_chunk_tokens = 4, .mixed_step_ratio = 2, .burst_step_ratio = 3, .prefill_step_seconds = 0.5};

/// A machine on which a pass costs something, and every token something more.
struct Machine {
  double pass, decode, prompt;
  double seconds(uint32_t decodes, uint32_t tokens) const { return pass + decodes * decode + tokens * prompt; }
};

struct Ran {
  std::vector<double> gaps;
  uint64_t prompt_tokens = 0;
  double seconds = 0;
};

/// So many decodes and an endless prompt, for `steps` steps.
Ran run(ChunkRule& rule, const Machine& machine, uint32_t decodes, int steps, double noise = 0) {
  std::mt19937 random(1);
  Ran ran;
  for (int i = 0; i < steps; ++i) {
    const uint32_t tokens = rule.prompt_tokens(decodes, 1);
    const double jitter = 1 + noise * std::uniform_real_distribution(-1.0, 1.0)(random);
    const double seconds = machine.seconds(decodes, tokens) * jitter;
    rule.record(decodes, tokens, seconds);
    ran.gaps.push_back(seconds);
    ran.prompt_tokens += tokens;
    ran.seconds += seconds;
  }
  return ran;
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

TEST(ChunkRule, takes_the_whole_budget_when_nothing_decodes) {
  ChunkRule rule(kLimits);
  EXPECT_EQ(rule.prompt_tokens(0, 1), 512u);
}

TEST(ChunkRule, bounds_a_prefill_step_by_time) {
  ChunkRule rule(kLimits);
  rule.record(0, 512, 2.048);  // 4 ms a token
  EXPECT_EQ(rule.prompt_tokens(0, 1), 125u);
  for (int i = 0; i < 100; ++i) rule.record(0, 125, 12.5);  // 100 ms a token
  EXPECT_EQ(rule.prompt_tokens(0, 1), 64u) << "but never below what is efficient";
}

TEST(ChunkRule, measures_a_step_of_decodes_before_it_mixes) {
  ChunkRule rule(kLimits);
  EXPECT_EQ(rule.prompt_tokens(3, 1), 0u);
  rule.record(3, 0, 32.0 / 1024);
  EXPECT_EQ(rule.prompt_tokens(3, 1), 4u) << "the cost of a prompt token is not known yet";
  rule.record(3, 4, 36.0 / 1024);
  EXPECT_EQ(rule.prompt_tokens(3, 1), 32u) << "as long again as the decodes alone";
  EXPECT_EQ(rule.prompt_tokens(20, 1), 0u) << "another number of decodes, not measured yet";
}

TEST(ChunkRule, gives_prompts_more_while_they_outnumber_the_streams) {
  ChunkRule rule(kLimits);
  rule.record(3, 0, 32.0 / 1024);
  rule.record(3, 4, 36.0 / 1024);
  EXPECT_EQ(rule.prompt_tokens(3, 3), 32u);
  EXPECT_EQ(rule.prompt_tokens(3, 4), 64u);
}

TEST(ChunkRule, measures_decodes_again_every_64_mixed_steps) {
  ChunkRule rule(kLimits);
  const Ran ran = run(rule, {.pass = 0.01, .decode = 0.001, .prompt = 0.001}, 8, 651);
  const auto alone = std::count_if(ran.gaps.begin(), ran.gaps.end(), [](double gap) { return gap < 0.0181; });
  EXPECT_EQ(alone, 11);
}

TEST(ChunkRule, a_mixed_step_takes_at_most_twice_a_decode_step) {
  for (const Machine machine : {Machine{.pass = 0.008, .decode = 0.001, .prompt = 0.001}, Machine{.pass = 0.001, .decode = 0.006, .prompt = 0.0035},
                                Machine{.pass = 0.02, .decode = 0.0001, .prompt = 0.00005}}) {
    for (const uint32_t decodes : {1u, 4u, 16u, 64u}) {
      ChunkRule rule(kLimits);
      rule.record(0, 512, machine.seconds(0, 512));
      const Ran ran = run(rule, machine, decodes, 500, 0.05);
      const double decode_step = machine.seconds(decodes, 0);
      const double most = std::max(2 * decode_step, machine.seconds(decodes, 4));
      EXPECT_LE(quantile(ran.gaps, 0.99), 1.15 * most) << decodes;
      EXPECT_GE(ran.prompt_tokens * machine.prompt, std::min(0.4, 0.8 * 448 * machine.prompt / decode_step) * ran.seconds)
          << "prompts get their share, unless the token budget is smaller: " << decodes;
    }
  }
}

TEST(ChunkRule, follows_a_machine_that_becomes_slower) {
  ChunkRule rule(kLimits);
  Machine machine{.pass = 0.008, .decode = 0.001, .prompt = 0.001};
  run(rule, machine, 8, 200);
  machine = {.pass = 0.032, .decode = 0.004, .prompt = 0.004};
  run(rule, machine, 8, 300);
  const Ran ran = run(rule, machine, 8, 300);
  EXPECT_LE(quantile(ran.gaps, 0.99), 2.2 * machine.seconds(8, 0));
  EXPECT_GE(quantile(ran.gaps, 0.50), 1.7 * machine.seconds(8, 0));
}

TEST(ChunkRule, one_stalled_step_does_not_starve_the_prompts) {
  ChunkRule rule(kLimits);
  const Machine machine{.pass = 0.008, .decode = 0.001, .prompt = 0.001};
  run(rule, machine, 8, 100);
  const uint32_t before = rule.prompt_tokens(8, 1);
  rule.record(8, before, 3.0);
  EXPECT_GE(rule.prompt_tokens(8, 1), before / 2);
}

TEST(ChunkRule, leaves_prompts_the_smallest_chunk_when_decodes_fill_the_budget) {
  ChunkRule rule({.step_tokens = 16, .min_chunk_tokens = 4, .mixed_step_ratio = 2, .burst_step_ratio = 3, .prefill_step_seconds = 0.5});
  rule.record(16, 0, 0.1);
  EXPECT_EQ(rule.prompt_tokens(16, 1), 4u);
  rule.record(64, 0, 0.1);
  EXPECT_EQ(rule.prompt_tokens(64, 1), 4u);
}

}  // namespace
}  // namespace headrace::engine
