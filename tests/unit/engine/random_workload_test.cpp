#include <gtest/gtest.h>

#include <random>

#include "base/log.h"
#include "test_loop.h"

namespace headrace::engine {
namespace {

using Random = std::mt19937;

uint32_t below(Random& random, uint32_t limit) { return static_cast<uint32_t>(random() % limit); }

/// A request of any kind whose prompt shares its beginning with others.
Request any_request(Random& random, uint32_t context) {
  Request request;
  request.prompt = some_prompt(1 + below(random, context / 2), below(random, 3));
  if (below(random, 3) == 0)
    for (uint32_t i = 0; i < 5; ++i) request.prompt.push_back(below(random, 256));
  request.max_tokens = 1 + below(random, 60);
  request.sampling.temperature = below(random, 2) ? 0.0f : 1.0f;
  request.seed = below(random, 1000);
  request.n = 1 + (below(random, 4) == 0 ? below(random, 4) : 0);
  request.best_of = request.n + (below(random, 5) == 0 ? below(random, 3) : 0);
  request.logprobs = below(random, 3) == 0;
  request.echo = below(random, 4) == 0;
  if (below(random, 5) == 0) request.sampling.frequency_penalty = 0.5f;
  if (below(random, 4) == 0) request.stop = {"a", "\x05"};
  if (below(random, 4) == 0) request.min_tokens = below(random, request.max_tokens + 1);
  request.skip_special = below(random, 2);
  return request;
}

struct Sent {
  Request request;
  std::shared_ptr<Heard> heard;
  uint64_t id = 0;
  bool cancelled = false;
};

void check_pages(const TestLoop& engine) {
  const Scheduler& scheduler = engine.loop->scheduler();
  const PagePool& pool = scheduler.pool();
  std::vector<uint32_t> holders(pool.pages(), 0);
  for (const Sequence* sequence : scheduler.running()) {
    ASSERT_LE(sequence->computed, sequence->pages.size() * kPageTokens);
    ASSERT_LE(sequence->published * kPageTokens, sequence->computed);
    ASSERT_LT(sequence->computed, sequence->tokens.size());
    for (const uint32_t page : sequence->pages) ++holders[page];
  }
  uint32_t used = 0, cached = 0;
  for (uint32_t page = 0; page < pool.pages(); ++page) {
    ASSERT_EQ(pool.holders(page), holders[page]) << page;
    used += holders[page] > 0;
    cached += holders[page] == 0 && scheduler.cache().contains(page);
  }
  ASSERT_EQ(pool.used(), used);
  ASSERT_EQ(scheduler.cache().evictable(), cached);
  ASSERT_EQ(pool.free() + cached + used, pool.pages());
}

void check_answer(const Sent& sent) {
  ASSERT_TRUE(sent.heard->done);
  if (sent.cancelled) return;
  // The same request by itself, in a pool of its own, in whole prompts.
  TestLoop alone({.step_tokens = 4096, .prefix_cache = false}, 1024);
  const auto expected = alone.submit(sent.request);
  alone.run();
  ASSERT_EQ(sent.heard->choices.size(), expected->choices.size());
  for (const auto& [index, choice] : expected->choices) {
    ASSERT_EQ(sent.heard->ids(index), choice.ids());
    ASSERT_EQ(sent.heard->text(index), choice.text);
    ASSERT_EQ(sent.heard->finish(index), choice.finish);
    ASSERT_EQ(sent.heard->choices.at(index).prompt.size(), choice.prompt.size());
    for (size_t i = 1; i < choice.prompt.size() && sent.request.logprobs; ++i)
      ASSERT_EQ(sent.heard->choices.at(index).prompt[i].logprob, choice.prompt[i].logprob);
  }
  ASSERT_EQ(sent.heard->usage.completion_tokens, expected->usage.completion_tokens);
}

TEST(RandomWorkload, leaks_no_page_and_answers_as_if_each_request_were_alone) {
  uint64_t requests = 0, preemptions = 0, hits = 0;
  for (uint32_t round = 0; round < 60; ++round) {
    Random random(round);
    const uint32_t pages = 16 + below(random, 30);
    EngineOptions options{.step_tokens = 8 + below(random, 200),
                          .max_sequences = 7 + below(random, 30),
                          .prefix_cache = round % 5 != 0,
                          .mixed_step_ratio = 1 + below(random, 4) * 0.5};
    TestLoop engine(options, pages, 256);
    engine.model.backend().keep_steps = false;
    engine.model.backend().cost = [](uint32_t decodes, uint32_t prompt) { return 0.01 + 0.001 * (decodes + prompt); };
    std::vector<Sent> sent;
    while (sent.size() < 60 || !engine.loop->idle()) {
      for (uint32_t i = below(random, 4); i > 0 && sent.size() < 60; --i) {
        Sent one{.request = any_request(random, 256), .heard = nullptr};
        one.heard = engine.submit(one.request, one.id);
        sent.push_back(std::move(one));
      }
      if (!sent.empty() && below(random, 12) == 0) {
        Sent& victim = sent[below(random, static_cast<uint32_t>(sent.size()))];
        if (!victim.heard->done) engine.inbox.cancel(victim.id), victim.cancelled = true;
      }
      engine.loop->run_once();
      ASSERT_NO_FATAL_FAILURE(check_pages(engine)) << "round " << round;
    }
    engine.run();
    engine.expect_no_page_held();
    EXPECT_EQ(engine.inbox.queued(), 0u);
    EXPECT_TRUE(engine.inbox.drain(0));
    for (const Sent& one : sent) ASSERT_NO_FATAL_FAILURE(check_answer(one)) << "round " << round << ", request " << one.id;
    requests += sent.size();
    preemptions += engine.loop->stats().preemptions;
    hits += engine.loop->stats().prefix_hits;
  }
  EXPECT_EQ(requests, 3600u);
  EXPECT_GT(preemptions, 200u);
  EXPECT_GT(hits, 10'000u);
}

TEST(RandomWorkload, failing_steps_leak_nothing) {
  set_log_sink([](LogLevel, std::string_view, std::string_view) {});
  Random random(99);
  TestLoop engine({.max_sequences = 12}, 40, 256);
  std::vector<Sent> sent;
  while (sent.size() < 300 || !engine.loop->idle()) {
    if (sent.size() < 300) {
      Sent one{.request = any_request(random, 256), .heard = nullptr};
      one.heard = engine.submit(one.request, one.id);
      sent.push_back(std::move(one));
    }
    if (below(random, 20) == 0) engine.model.backend().fail_steps = 1;
    engine.loop->run_once();
    ASSERT_NO_FATAL_FAILURE(check_pages(engine));
  }
  engine.run();
  engine.expect_no_page_held();
  for (const Sent& one : sent) EXPECT_TRUE(one.heard->done);
  set_log_sink({});
}

}  // namespace
}  // namespace headrace::engine
