#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "model/step_trace.h"
#include "tiny_session.h"

namespace headrace::model {
namespace {

using testing::HasSubstr;

class CpuBackend : public testing::Test {
 protected:
  CpuBackend() : file_(tiny_gguf({}).bytes()), model_(load_tiny(file_.path(), available_tiers().back(), 2)) {}

  void prepare(uint32_t pages = 64, uint32_t rows = 64, uint32_t logits_rows = 8) {
    const auto pool = model_->backend().prepare(pages, rows, logits_rows);
    ASSERT_TRUE(pool) << pool.error().message;
    EXPECT_EQ(pool->pages, pages);
    EXPECT_EQ(pool->page_bytes, model_->backend().page_bytes());
  }
  StepResult run(const Step& step) {
    auto pending = model_->backend().submit(step);
    EXPECT_TRUE(pending) << pending.error().message;
    return pending ? std::move((*pending)->wait()).value() : StepResult();
  }
  std::string error_of(const StepRun& run) {
    const auto pending = model_->backend().submit(Step{{run}});
    return pending ? "no error" : pending.error().message;
  }

  TemporaryFile file_;
  std::shared_ptr<Model> model_;
  const std::vector<text::TokenId> tokens_ = random_tokens(40, 3);
  const std::vector<uint32_t> pages_ = {7, 1, 30};
  const SamplingParameters greedy_{.temperature = 0};
};

TEST_F(CpuBackend, refuses_a_step_before_it_is_prepared) {
  const auto pending = model_->backend().submit(Step{{StepRun{.tokens = tokens_, .pages = pages_}}});
  ASSERT_FALSE(pending);
}

TEST_F(CpuBackend, refuses_steps_that_make_no_sense) {
  prepare();
  const std::vector<text::TokenId> outside = {1, kTinyVocabulary};
  const std::vector<uint32_t> far = {64};
  EXPECT_THAT(error_of({.tokens = {}, .pages = pages_}), HasSubstr("no tokens"));
  EXPECT_THAT(error_of({.tokens = outside, .pages = pages_}), HasSubstr("token 301"));
  EXPECT_THAT(error_of({.tokens = tokens_, .first_position = 9, .pages = pages_}), HasSubstr("3 pages do not hold 49"));
  EXPECT_THAT(error_of({.tokens = std::span(tokens_).first(1), .pages = far}), HasSubstr("page 64"));
  EXPECT_THAT(error_of({.tokens = tokens_, .first_position = UINT32_MAX, .pages = pages_}), HasSubstr("beyond"));
  EXPECT_THAT(error_of({.tokens = tokens_, .pages = pages_, .logits = LogitsRows::All, .want_raw_logits = true}), HasSubstr("40 rows"));
  const std::vector<SampleInput> bare(1);
  EXPECT_THAT(error_of({.tokens = tokens_, .pages = pages_, .logits = LogitsRows::Last, .samples = bare}), HasSubstr("parameters"));
  const auto many = random_tokens(65, 1);
  const std::vector<uint32_t> enough = {0, 1, 2, 3, 4};
  EXPECT_THAT(error_of({.tokens = many, .pages = enough}), HasSubstr("64 rows"));
  EXPECT_FALSE(model_->backend().submit(Step{}));
}

TEST_F(CpuBackend, samples_from_the_last_row_as_often_as_asked) {
  prepare();
  const SamplingParameters warm{.temperature = 5};
  std::vector<SampleInput> samples = {{.parameters = &greedy_, .top_logprobs = 3, .logprob = true}};
  for (uint32_t choice = 0; choice < 5; ++choice) samples.push_back({.parameters = &warm, .seed = 1, .choice = choice, .position = 40});
  const auto result = run({{{.tokens = tokens_, .pages = pages_, .logits = LogitsRows::Last, .want_raw_logits = true, .samples = samples}}});
  const StepRunResult& out = result.runs.at(0);
  ASSERT_EQ(out.samples.size(), 6u);
  ASSERT_EQ(out.logits_rows, 1u);
  const std::span<const float> logits(out.logits, kTinyVocabulary);
  const auto best = static_cast<text::TokenId>(std::ranges::max_element(logits) - logits.begin());
  EXPECT_EQ(out.samples[0].id, best);
  ASSERT_EQ(out.samples[0].top.size(), 3u);
  EXPECT_EQ(out.samples[0].top[0].id, best);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - logits[best]));
  EXPECT_NEAR(out.samples[0].logprob, -std::log(sum), 1e-5);
  EXPECT_NE(out.samples[1].id, out.samples[2].id);
}

TEST_F(CpuBackend, gives_the_arg_max_without_writing_the_logits) {
  const std::vector<SampleInput> sample = {{.parameters = &greedy_}, {.parameters = &greedy_, .choice = 1}};
  const std::span tokens(tokens_);
  for (const auto& [runs, logits_rows] : {std::pair{1u, 8u}, {2u, 8u}, {7u, 8u}, {20u, 8u}, {20u, 32u}, {33u, 64u}}) {  // 20 and 8: in several blocks
    prepare(64, 128, logits_rows);
    Step step;
    std::vector<std::vector<uint32_t>> pages(runs);
    for (uint32_t i = 0; i < runs; ++i) {
      pages[i] = {i};
      step.runs.push_back({.tokens = tokens.subspan(i, 1 + i % 3), .pages = pages[i], .logits = LogitsRows::Last, .samples = sample});
    }
    const auto fused = run(step);
    for (uint32_t i = 0; i < runs; ++i) {
      StepRun alone = step.runs[i];
      alone.want_raw_logits = true;
      const auto whole = run({{alone}});
      const std::span<const float> logits(whole.runs[0].logits, kTinyVocabulary);
      const auto best = static_cast<text::TokenId>(std::ranges::max_element(logits) - logits.begin());
      EXPECT_EQ(whole.runs[0].samples.at(0).id, best);
      ASSERT_EQ(fused.runs[i].samples.size(), 2u);
      EXPECT_EQ(fused.runs[i].samples[0].id, best) << "run " << i << " of " << runs;
      EXPECT_EQ(fused.runs[i].samples[1].id, best) << "run " << i << " of " << runs;
    }
  }
}

TEST_F(CpuBackend, records_what_its_threads_do_in_the_steps_that_were_asked_for) {
  StepTrace trace;
  model_->backend().record(&trace);
  prepare();
  const std::vector<SampleInput> sample = {{.parameters = &greedy_}};
  const Step step{{{.tokens = tokens_, .pages = pages_, .logits = LogitsRows::Last, .samples = sample}}};
  run(step);
  EXPECT_EQ(trace.steps_recorded(), 0u);
  for (int again = 0; again < 2; ++again) {  // a second recording forgets the first
    trace.arm(2);
    for (int i = 0; i < 3; ++i) run(step);
    EXPECT_EQ(trace.steps_recorded(), 2u);
    ASSERT_EQ(trace.lanes().size(), 2u);
    std::vector<bool> seen(trace.operations().size());
    ASSERT_FALSE(trace.lanes().front().events().empty());
    for (const StepTrace::Lane& lane : trace.lanes()) {
      if (lane.events().empty()) continue;  // on a busy machine a thread may sit a run out
      int64_t before = lane.events().front().begin_ns;
      for (const StepTrace::Event& event : lane.events()) {
        EXPECT_LT(event.step, 2u);
        EXPECT_GE(event.begin_ns, before);
        EXPECT_GE(event.end_ns, event.begin_ns);
        before = event.end_ns;
        if (event.kind == StepTrace::Event::Kind::Between) continue;
        ASSERT_LT(event.operation, seen.size());
        seen[event.operation] = true;
      }
    }
    EXPECT_EQ(std::ranges::count(seen, true), static_cast<std::ptrdiff_t>(seen.size()));
  }
  EXPECT_EQ(trace.operations().front().name, "embed");
  EXPECT_EQ(trace.operations().back().name, "head, sampling");
  EXPECT_GT(trace.operations().back().weight_bytes, 0u);
  model_->backend().record(nullptr);
}

TEST_F(CpuBackend, reports_prompt_logprobs_with_fewer_rows_of_memory_than_rows) {
  prepare(64, 64, 4);
  const auto result = run({{{.tokens = tokens_, .pages = pages_, .logits = LogitsRows::All, .want_prompt_logprobs = true, .prompt_top_logprobs = 2}}});
  const auto& reported = result.runs.at(0).prompt_logprobs;
  ASSERT_EQ(reported.size(), tokens_.size() - 1);
  const auto other = load_tiny(file_.path(), kernels::Isa::Portable, 1);
  TinySession session(*other, {});
  const auto logits = session.logits({tokens_}).at(0);
  for (size_t r = 0; r < reported.size(); ++r) {
    const std::span<const float> row(logits.data() + r * kTinyVocabulary, kTinyVocabulary);
    double sum = 0;
    for (const float logit : row) sum += std::exp(static_cast<double>(logit));
    EXPECT_EQ(reported[r].id, tokens_[r + 1]);
    EXPECT_NEAR(reported[r].logprob, row[tokens_[r + 1]] - std::log(sum), 1e-4) << "row " << r;
    EXPECT_EQ(reported[r].top.size(), 2u);
  }
}

TEST_F(CpuBackend, mixes_runs_of_every_kind_in_one_step) {
  prepare(64, 64, 6);
  const std::vector<uint32_t> other_pages = {2, 3}, third = {4};
  const std::vector<SampleInput> sample = {{.parameters = &greedy_}};
  const std::span tokens(tokens_);
  const auto alone = run({{{.tokens = tokens.first(20), .pages = other_pages, .logits = LogitsRows::Last, .samples = sample}}});
  const auto mixed = run({{{.tokens = tokens.first(30), .pages = pages_, .logits = LogitsRows::All, .want_prompt_logprobs = true},
                           {.tokens = tokens.first(3), .pages = third, .logits = LogitsRows::All, .want_raw_logits = true},
                           {.tokens = tokens.first(20), .pages = other_pages, .logits = LogitsRows::Last, .samples = sample}}});
  EXPECT_EQ(mixed.runs[0].prompt_logprobs.size(), 29u);
  EXPECT_EQ(mixed.runs[1].logits_rows, 3u);
  EXPECT_EQ(mixed.runs[2].samples.at(0).id, alone.runs[0].samples.at(0).id);
}

TEST_F(CpuBackend, goes_on_from_a_copied_page) {
  prepare();
  const std::span tokens(tokens_);
  const std::vector<uint32_t> copy = {50, 51, 52};
  run({{{.tokens = tokens.first(39), .pages = pages_}}});
  for (size_t i = 0; i < 3; ++i) model_->backend().copy_page(pages_[i], copy[i]);
  const auto last = [&](const std::vector<uint32_t>& pages) {
    const auto result = run({{{.tokens = tokens.last(1), .first_position = 39, .pages = pages, .logits = LogitsRows::Last, .want_raw_logits = true}}});
    return std::vector<float>(result.runs[0].logits, result.runs[0].logits + kTinyVocabulary);
  };
  const auto original = last(pages_);
  EXPECT_EQ(std::memcmp(last(copy).data(), original.data(), original.size() * sizeof(float)), 0);
}

TEST_F(CpuBackend, takes_its_memory_from_the_budget) {
  const auto budget = MemoryBudget::create("a small one", 1 << 20);
  const auto model = Model::load(file_.path(), {.threads = 1, .budget = budget});
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_GE(budget->used_bytes(), (*model)->info().weight_bytes);
  const auto pool = (*model)->backend().prepare(1'000'000, 16, 1);
  ASSERT_FALSE(pool);
  EXPECT_EQ(pool.error().kind, ErrorKind::OutOfMemory);
  EXPECT_FALSE(Model::load(file_.path(), {.budget = MemoryBudget::create("none", 1000)}));
}

}  // namespace
}  // namespace headrace::model
