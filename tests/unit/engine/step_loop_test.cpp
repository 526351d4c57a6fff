#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_loop.h"

namespace headrace::engine {
namespace {

using testing::ElementsAre;
using testing::Each;

uint64_t largest_step(const FakeBackend& backend) {
  uint64_t largest = 0;
  for (const auto& step : backend.steps) {
    uint64_t rows = 0;
    for (const SeenRun& run : step) rows += run.count;
    largest = std::max(largest, rows);
  }
  return largest;
}

TEST(StepLoop, generates_what_the_model_says) {
  TestLoop engine;
  const auto heard = engine.submit(greedy(bytes_of("hello"), 20));
  engine.run();
  EXPECT_EQ(heard->ids(), fake_greedy(bytes_of("hello"), 20));
  EXPECT_EQ(heard->finish(), FinishReason::Length);
  EXPECT_TRUE(heard->done);
  EXPECT_EQ(heard->usage.prompt_tokens, 5u);
  EXPECT_EQ(heard->usage.completion_tokens, 20u);
  EXPECT_EQ(heard->events, 20u);
  EXPECT_EQ(heard->text(), *engine.model.tokenizer()->decode(heard->ids()));
  engine.expect_no_page_held();
}

TEST(StepLoop, computes_each_token_once) {
  TestLoop engine;
  engine.submit(greedy(some_prompt(100), 50));
  engine.run();
  EXPECT_EQ(engine.model.backend().rows, 100u + 49u);
}

TEST(StepLoop, decodes_many_sequences_in_one_step) {
  TestLoop engine;
  std::vector<std::shared_ptr<Heard>> heard;
  for (uint32_t i = 0; i < 40; ++i) heard.push_back(engine.submit(greedy(some_prompt(3 + i, i), 30)));
  engine.run();
  for (uint32_t i = 0; i < 40; ++i) EXPECT_EQ(heard[i]->ids(), fake_greedy(some_prompt(3 + i, i), 30)) << i;
  EXPECT_LT(engine.model.backend().steps.size(), 70u);
  engine.expect_no_page_held();
}

TEST(StepLoop, lets_a_request_join_those_that_run) {
  TestLoop engine;
  const auto first = engine.submit(greedy(bytes_of("first"), 30));
  engine.steps(10);
  EXPECT_EQ(first->ids().size(), 10u);
  const auto second = engine.submit(greedy(bytes_of("second"), 5));
  engine.steps(8);
  EXPECT_TRUE(second->done);
  EXPECT_FALSE(first->done);
  engine.run();
  EXPECT_EQ(first->ids(), fake_greedy(bytes_of("first"), 30));
  EXPECT_EQ(second->ids(), fake_greedy(bytes_of("second"), 5));
}

TEST(StepLoop, cuts_prompts_into_chunks_of_the_step_budget) {
  TestLoop engine({.step_tokens = 64});
  const auto heard = engine.submit(greedy(some_prompt(1000), 3));
  engine.run();
  EXPECT_EQ(heard->ids(), fake_greedy(some_prompt(1000), 3));
  EXPECT_EQ(largest_step(engine.model.backend()), 64u);
}

TEST(StepLoop, the_chunk_size_does_not_change_the_answer) {
  const auto expected = fake_greedy(some_prompt(333), 40);
  for (const uint32_t budget : {5u, 16u, 17u, 100u, 512u}) {
    TestLoop engine({.step_tokens = budget});
    const auto heard = engine.submit(greedy(some_prompt(333), 40));
    engine.run();
    EXPECT_EQ(heard->ids(), expected) << budget;
  }
}

TEST(StepLoop, asks_for_logits_of_the_last_prompt_token_only) {
  TestLoop engine({.step_tokens = 64});
  engine.submit(greedy(some_prompt(130), 1));
  engine.run();
  const auto& steps = engine.model.backend().steps;
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0][0].logits, model::LogitsRows::None);
  EXPECT_EQ(steps[1][0].logits, model::LogitsRows::None);
  EXPECT_EQ(steps[2][0].logits, model::LogitsRows::Last);
}

TEST(StepLoop, prefills_in_order_of_arrival) {
  TestLoop engine({.step_tokens = 32});
  std::vector<std::shared_ptr<Heard>> heard;
  for (uint32_t i = 0; i < 5; ++i) heard.push_back(engine.submit(greedy(some_prompt(100, i), 100)));
  for (size_t at = 0; at < heard.size();) {
    engine.steps(1);
    while (at < heard.size() && heard[at]->events > 0) ++at;
    for (size_t later = at; later < heard.size(); ++later) EXPECT_EQ(heard[later]->events, 0u);
  }
}

TEST(StepLoop, running_streams_go_on_while_a_long_prompt_arrives) {
  TestLoop engine({.mixed_step_ratio = 2}, 512);
  engine.model.backend().cost = [](uint32_t decodes, uint32_t prompt) { return 0.004 + 0.002 * decodes + 0.001 * prompt; };
  std::vector<std::shared_ptr<Heard>> streams;
  for (uint32_t i = 0; i < 4; ++i) streams.push_back(engine.submit(greedy(some_prompt(20, i), 1000)));
  engine.steps(20);
  const auto arrival = engine.submit(greedy(some_prompt(2000, 9), 2));
  while (!arrival->done) {
    const double before = engine.model.backend().now;
    const uint32_t events = streams[0]->events;
    engine.steps(1);
    EXPECT_EQ(streams[0]->events, events + 1) << "every step has a token for a running stream";
    EXPECT_LE(engine.model.backend().now - before, 0.0125 * 2);
  }
  EXPECT_EQ(arrival->ids(), fake_greedy(some_prompt(2000, 9), 2));
}

TEST(StepLoop, a_second_turn_computes_only_what_is_new) {
  TestLoop engine;
  std::vector<TokenId> chat = some_prompt(100);
  const auto first = engine.submit(greedy(chat, 60));
  engine.run();
  EXPECT_EQ(first->usage.cached_tokens, 0u);
  const uint64_t rows = engine.model.backend().rows;

  const auto answer = first->ids();
  chat.insert(chat.end(), answer.begin(), answer.end());
  const auto question = some_prompt(10, 5);
  chat.insert(chat.end(), question.begin(), question.end());
  const auto second = engine.submit(greedy(chat, 5));
  engine.run();
  EXPECT_EQ(second->ids(), fake_greedy(chat, 5));
  // 159 tokens of the first turn were computed: nine full pages.
  EXPECT_EQ(second->usage.cached_tokens, 144u);
  EXPECT_EQ(engine.model.backend().rows - rows, 170u - 144u + 4u);
  EXPECT_EQ(engine.loop->stats().prefix_hits, 144u);
  EXPECT_EQ(engine.loop->stats().prefix_queries, 270u);
}

TEST(StepLoop, computes_the_last_token_of_a_prompt_that_is_cached_whole) {
  TestLoop engine;
  engine.submit(greedy(some_prompt(64), 4));
  engine.run();
  const auto again = engine.submit(greedy(some_prompt(64), 4));
  engine.run();
  EXPECT_EQ(again->usage.cached_tokens, 48u);
  EXPECT_EQ(again->ids(), fake_greedy(some_prompt(64), 4));
}

TEST(StepLoop, a_prompt_that_differs_in_its_first_page_finds_nothing) {
  TestLoop engine;
  engine.submit(greedy(some_prompt(64), 4));
  engine.run();
  auto other = some_prompt(64);
  other[3] ^= 1;
  const auto heard = engine.submit(greedy(other, 4));
  engine.run();
  EXPECT_EQ(heard->usage.cached_tokens, 0u);
  EXPECT_EQ(heard->ids(), fake_greedy(other, 4));
}

TEST(StepLoop, finds_nothing_without_a_prefix_cache) {
  TestLoop engine({.prefix_cache = false});
  for (int i = 0; i < 2; ++i) {
    const auto heard = engine.submit(greedy(some_prompt(64), 4));
    engine.run();
    EXPECT_EQ(heard->usage.cached_tokens, 0u);
    EXPECT_EQ(heard->ids(), fake_greedy(some_prompt(64), 4));
  }
  EXPECT_EQ(engine.loop->stats().pages_cached, 0u);
}

TEST(StepLoop, requests_with_the_same_prompt_at_the_same_time_compute_it_once) {
  TestLoop engine({.step_tokens = 64});
  std::vector<std::shared_ptr<Heard>> heard;
  for (int i = 0; i < 5; ++i) heard.push_back(engine.submit(greedy(some_prompt(320), 10)));
  engine.run();
  for (const auto& one : heard) EXPECT_EQ(one->ids(), fake_greedy(some_prompt(320), 10));
  // Each computes its last page itself.
  EXPECT_LE(engine.model.backend().rows, 320u + 4 * (16 + 64) + 5 * 9);
  EXPECT_EQ(heard[4]->usage.cached_tokens, 304u);
  engine.expect_no_page_held();
}

TEST(StepLoop, pages_computed_twice_are_kept_once) {
  TestLoop engine({.step_tokens = 512});
  for (int i = 0; i < 4; ++i) engine.submit(greedy(some_prompt(100), 50));
  engine.steps(1);
  // Six full pages together, and a partial one each.
  EXPECT_EQ(engine.loop->scheduler().pool().used(), 6u + 4u);
  engine.run();
  engine.expect_no_page_held();
}

TEST(StepLoop, evicts_the_oldest_prefix_first) {
  TestLoop engine({}, 16);
  engine.submit(greedy(some_prompt(65, 1), 1));
  engine.run();
  engine.submit(greedy(some_prompt(65, 2), 1));
  engine.run();
  engine.submit(greedy(some_prompt(160, 3), 1));  // needs ten of sixteen pages
  engine.run();
  const auto newer = engine.submit(greedy(some_prompt(65, 2), 1));
  engine.run();
  const auto older = engine.submit(greedy(some_prompt(65, 1), 1));
  engine.run();
  EXPECT_EQ(newer->usage.cached_tokens, 64u);
  EXPECT_LT(older->usage.cached_tokens, 64u);
}

TEST(StepLoop, choices_share_their_prompt) {
  TestLoop engine;
  Request request = greedy(some_prompt(100), 20);
  request.sampling.temperature = 1;
  request.seed = 42;
  request.n = 4;
  const auto heard = engine.submit(request);
  engine.run();
  EXPECT_EQ(engine.model.backend().rows, 100u + 4 * 19u) << "the prompt is computed once";
  EXPECT_EQ(engine.model.backend().copies, 3u) << "the partial page is copied for each further choice";
  EXPECT_EQ(heard->choices.size(), 4u);
  EXPECT_NE(heard->ids(0), heard->ids(1));
  EXPECT_EQ(heard->usage.prompt_tokens, 100u);
  EXPECT_EQ(heard->usage.completion_tokens, 80u);
  engine.expect_no_page_held();
}

TEST(StepLoop, choices_of_a_prompt_of_whole_pages_copy_nothing) {
  TestLoop engine;
  Request request = greedy(some_prompt(96), 20);
  request.n = 3;
  const auto heard = engine.submit(request);
  engine.run();
  EXPECT_EQ(engine.model.backend().copies, 0u);
  for (uint32_t choice = 0; choice < 3; ++choice) EXPECT_EQ(heard->ids(choice), fake_greedy(some_prompt(96), 20));
}

TEST(StepLoop, a_choice_says_the_same_whatever_their_number) {
  auto text_of_choice_0 = [](uint32_t n) {
    TestLoop engine;
    Request request = greedy(some_prompt(50), 20);
    request.sampling.temperature = 1;
    request.seed = 7;
    request.n = n;
    const auto heard = engine.submit(request);
    engine.run();
    return heard->ids(0);
  };
  EXPECT_EQ(text_of_choice_0(1), text_of_choice_0(5));
}

TEST(StepLoop, returns_the_best_of_many_by_mean_logprob) {
  auto run = [](uint32_t n, uint32_t best_of) {
    TestLoop engine;
    Request request = greedy(some_prompt(50), 20);
    request.sampling.temperature = 1;
    request.seed = 7;
    request.logprobs = true;
    request.n = n;
    request.best_of = best_of;
    const auto heard = engine.submit(request);
    engine.run();
    return heard;
  };
  const auto all = run(6, 6);
  std::vector<std::pair<double, std::vector<TokenId>>> ranked;
  for (uint32_t choice = 0; choice < 6; ++choice) {
    double sum = 0;
    for (const TokenOutput& token : all->choices.at(choice).tokens) sum -= token.logprob;
    ranked.emplace_back(sum, all->ids(choice));
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](auto& a, auto& b) { return a.first < b.first; });

  const auto best = run(2, 6);
  EXPECT_EQ(best->choices.size(), 2u);
  EXPECT_EQ(best->events, 2u) << "nothing is streamed";
  EXPECT_EQ(best->ids(0), ranked[0].second);
  EXPECT_EQ(best->ids(1), ranked[1].second);
  EXPECT_EQ(best->usage.completion_tokens, 120u) << "what was generated, not what is returned";
  EXPECT_TRUE(best->done);
}

TEST(StepLoop, a_small_pool_gives_the_same_tokens_as_a_large_one) {
  auto run = [](uint32_t pages, uint64_t& preemptions) {
    TestLoop engine({}, pages, 256);
    std::vector<std::shared_ptr<Heard>> heard;
    for (uint32_t i = 0; i < 12; ++i) {
      Request request = greedy(some_prompt(30 + i, i), 150);
      request.sampling.temperature = i % 2 ? 1.0f : 0.0f;
      request.seed = i;
      request.n = 1 + i % 3;
      heard.push_back(engine.submit(request));
    }
    engine.run();
    engine.expect_no_page_held();
    preemptions = engine.loop->stats().preemptions;
    std::vector<std::vector<TokenId>> ids;
    for (const auto& one : heard)
      for (const auto& [index, choice] : one->choices) ids.push_back(choice.ids());
    return ids;
  };
  uint64_t none = 0, many = 0;
  const auto large = run(1000, none);
  EXPECT_EQ(large.size(), 24u);
  EXPECT_EQ(none, 0u);
  for (const uint32_t pages : {16u, 20u, 33u, 60u}) {
    EXPECT_EQ(run(pages, many), large) << pages;
    EXPECT_GT(many, 0u) << pages;
  }
}

TEST(StepLoop, preempts_the_latest_and_serves_it_first_again) {
  TestLoop engine({.prefix_cache = false}, 8, 128);
  const auto first = engine.submit(greedy(some_prompt(40, 1), 80));
  const auto second = engine.submit(greedy(some_prompt(40, 2), 40));
  engine.steps(1);
  const auto third = engine.submit(greedy(some_prompt(10, 3), 5));
  while (engine.loop->stats().preemptions == 0) engine.steps(1);
  EXPECT_EQ(engine.loop->scheduler().running().size(), 1u);
  const uint32_t said = second->events;
  EXPECT_GT(said, 0u);
  while (!second->done) {
    engine.steps(1);
    if (second->events == said) {
      EXPECT_EQ(third->events, 0u) << "nobody overtakes";
    }
  }
  engine.run();
  EXPECT_EQ(first->ids(), fake_greedy(some_prompt(40, 1), 80));
  EXPECT_EQ(second->ids(), fake_greedy(some_prompt(40, 2), 40));
  EXPECT_EQ(third->ids(), fake_greedy(some_prompt(10, 3), 5));
}

TEST(StepLoop, a_request_as_long_as_the_pool_runs_alone) {
  TestLoop engine({}, 8, 128);
  const auto heard = engine.submit(greedy(some_prompt(100), 28));
  const auto other = engine.submit(greedy(some_prompt(100, 1), 28));
  engine.run();
  EXPECT_EQ(heard->ids(), fake_greedy(some_prompt(100), 28));
  EXPECT_EQ(other->ids(), fake_greedy(some_prompt(100, 1), 28));
}

TEST(StepLoop, runs_no_more_sequences_than_allowed) {
  TestLoop engine({.max_sequences = 4});
  for (uint32_t i = 0; i < 6; ++i) {
    Request request = greedy(some_prompt(10, i), 10);
    request.n = 1 + i % 3;
    engine.submit(request);
  }
  do {
    engine.steps(1);
    ASSERT_LE(engine.loop->scheduler().running().size(), 4u);
  } while (!engine.loop->idle());
  engine.expect_no_page_held();
}

TEST(StepLoop, cancels_a_running_request_before_the_next_step) {
  TestLoop engine;
  uint64_t id = 0;
  const auto heard = engine.submit(greedy(some_prompt(40), 100), id);
  const auto other = engine.submit(greedy(some_prompt(40, 1), 10));
  engine.steps(5);
  engine.inbox.cancel(id);
  const auto events = heard->events;
  engine.steps(1);
  EXPECT_EQ(heard->events, events + 1);
  EXPECT_EQ(heard->finish(), FinishReason::Cancelled);
  EXPECT_TRUE(heard->done);
  engine.run();
  EXPECT_EQ(other->ids(), fake_greedy(some_prompt(40, 1), 10));
  engine.expect_no_page_held();
  EXPECT_EQ(engine.loop->stats().requests_cancelled, 1u);
}

TEST(StepLoop, cancels_a_request_in_the_queue) {
  TestLoop engine({.max_sequences = 1});
  const auto first = engine.submit(greedy(some_prompt(40), 10));
  uint64_t id = 0;
  Request request = greedy(some_prompt(40, 1), 10);
  const auto queued = engine.submit(request, id);
  engine.steps(2);
  engine.inbox.cancel(id);
  engine.inbox.cancel(id);
  engine.inbox.cancel(987654);
  engine.steps(1);
  EXPECT_TRUE(queued->done);
  EXPECT_EQ(queued->finish(), FinishReason::Cancelled);
  engine.run();
  EXPECT_TRUE(first->done);
  EXPECT_EQ(engine.inbox.queued(), 0u);
}

TEST(StepLoop, tells_every_choice_that_the_request_was_cancelled) {
  TestLoop engine;
  Request request = greedy(some_prompt(40), 100);
  request.n = 3;
  uint64_t id = 0;
  const auto heard = engine.submit(request, id);
  engine.steps(5);
  engine.inbox.cancel(id);
  engine.steps(1);
  ASSERT_EQ(heard->choices.size(), 3u);
  for (uint32_t choice = 0; choice < 3; ++choice) EXPECT_EQ(heard->finish(choice), FinishReason::Cancelled);
  EXPECT_TRUE(heard->done);
  engine.expect_no_page_held();
}

TEST(StepLoop, a_sink_that_returns_false_is_not_called_again) {
  TestLoop engine;
  int calls = 0;
  for (const uint32_t n : {1u, 3u}) {
    calls = 0;
    Request request = greedy(some_prompt(20, n), 50);
    request.n = n;
    ASSERT_TRUE(check_request(request, engine.options, engine.context, kVocabulary));
    ASSERT_TRUE(engine.inbox.add(std::make_unique<ActiveRequest>(
        request, [&](Event&&) { return ++calls < 5; }, *engine.model.tokenizer(), kVocabulary)));
    engine.run();
    EXPECT_EQ(calls, 5);
    engine.expect_no_page_held();
  }
}

TEST(StepLoop, a_failed_step_fails_what_runs_and_the_engine_goes_on) {
  TestLoop engine({.max_sequences = 2});
  const auto first = engine.submit(greedy(some_prompt(40, 1), 10));
  Request two = greedy(some_prompt(40, 2), 10);
  const auto second = engine.submit(two);
  const auto queued = engine.submit(greedy(some_prompt(40, 3), 10));
  engine.steps(3);
  engine.model.backend().fail_steps = 1;
  engine.steps(1);
  for (const auto& heard : {first, second}) {
    EXPECT_TRUE(heard->done);
    EXPECT_EQ(heard->finish(), FinishReason::Failed);
    ASSERT_TRUE(heard->error);
    EXPECT_EQ(heard->error->message, "the device is gone");
  }
  engine.run();
  EXPECT_EQ(queued->ids(), fake_greedy(some_prompt(40, 3), 10));
  engine.expect_no_page_held();
  EXPECT_EQ(engine.loop->stats().requests_failed, 2u);
}

TEST(StepLoop, a_seeded_request_says_the_same_beside_any_neighbours) {
  auto run = [](uint32_t neighbours, uint32_t budget, uint32_t pages) {
    TestLoop engine({.step_tokens = budget}, pages, 256);
    for (uint32_t i = 0; i < neighbours; ++i) engine.submit(greedy(some_prompt(5 + 7 * i, i + 100), 90));
    Request request = greedy(some_prompt(60), 80);
    request.sampling.temperature = 0.8f;
    request.seed = 1234;
    const auto heard = engine.submit(request);
    for (uint32_t i = 0; i < neighbours; ++i) engine.submit(greedy(some_prompt(50, i + 200), 20 + i));
    engine.run();
    return heard->ids();
  };
  const auto alone = run(0, 512, 256);
  EXPECT_EQ(run(7, 512, 256), alone);
  EXPECT_EQ(run(15, 16, 256), alone);
  EXPECT_EQ(run(15, 64, 20), alone);
}

TEST(StepLoop, unseeded_requests_differ) {
  TestLoop engine;
  Request request = greedy(some_prompt(20), 20);
  request.sampling.temperature = 1;
  const auto a = engine.submit(request);
  const auto b = engine.submit(request);
  engine.run();
  EXPECT_NE(a->ids(), b->ids());
}

TEST(StepLoop, echo_reports_the_prompt_with_its_logprobs) {
  for (const uint32_t budget : {4u, 16u, 30u, 512u}) {
    TestLoop engine({.step_tokens = budget});
    engine.submit(greedy(some_prompt(70), 2));  // leaves its pages in the cache
    engine.run();
    Request request = greedy(some_prompt(70), 5);
    request.echo = request.logprobs = true;
    const auto heard = engine.submit(request);
    engine.run();
    const auto& prompt = heard->choices.at(0).prompt;
    ASSERT_EQ(prompt.size(), 70u);
    EXPECT_TRUE(std::isnan(prompt[0].logprob));
    const auto tokens = some_prompt(70);
    for (uint32_t i = 0; i < 70; ++i) {
      EXPECT_EQ(prompt[i].id, tokens[i]);
    }
    for (uint32_t i = 1; i < 70; ++i)
      EXPECT_EQ(prompt[i].logprob, fake_logprob(std::span(tokens).first(i), tokens[i])) << budget << " " << i;
    EXPECT_EQ(heard->ids(), fake_greedy(some_prompt(70), 5));
    EXPECT_EQ(heard->usage.cached_tokens, 0u) << "rows whose logprobs are wanted are computed";
    engine.expect_no_page_held();
  }
}

TEST(StepLoop, echo_without_logprobs_uses_the_cache) {
  TestLoop engine;
  engine.submit(greedy(some_prompt(70), 2));
  engine.run();
  Request request = greedy(some_prompt(70), 5);
  request.echo = true;
  const auto heard = engine.submit(request);
  engine.run();
  EXPECT_EQ(heard->choices.at(0).prompt.size(), 70u);
  EXPECT_EQ(heard->usage.cached_tokens, 64u);
}

TEST(StepLoop, prompt_logprobs_survive_preemption) {
  TestLoop engine({.step_tokens = 4}, 16, 256);
  const auto first = engine.submit(greedy(some_prompt(60, 5), 150));
  while (first->events == 0) engine.steps(1);
  Request request = greedy(some_prompt(170), 20);
  request.echo = request.logprobs = true;
  const auto heard = engine.submit(request);
  while (engine.loop->stats().preemptions == 0) engine.steps(1);
  EXPECT_EQ(heard->events, 0u) << "preempted in the middle of its prompt";
  engine.run();
  const auto tokens = some_prompt(170);
  for (uint32_t i = 1; i < 170; ++i)
    EXPECT_EQ(heard->choices.at(0).prompt[i].logprob, fake_logprob(std::span(tokens).first(i), tokens[i])) << i;
  EXPECT_EQ(heard->ids(), fake_greedy(some_prompt(170), 20));
}

TEST(StepLoop, reports_logprobs_and_the_most_likely_tokens) {
  TestLoop engine;
  Request request = greedy(some_prompt(20), 5);
  request.logprobs = true;
  request.top_logprobs = 3;
  const auto heard = engine.submit(request);
  engine.run();
  auto known = some_prompt(20);
  for (const TokenOutput& token : heard->choices.at(0).tokens) {
    EXPECT_EQ(token.logprob, fake_logprob(known, token.id));
    ASSERT_EQ(token.top.size(), 3u);
    EXPECT_EQ(token.top[2].logprob, fake_logprob(known, 2));
    known.push_back(token.id);
  }
}

TEST(StepLoop, counts_tokens_for_the_penalties_only_when_one_is_on) {
  TestLoop engine;
  std::vector<model::TokenCount> counts;
  bool on = false;
  engine.model.backend().next = [&](std::span<const TokenId>, const model::SampleInput& input) -> TokenId {
    EXPECT_EQ(input.counts.empty(), !on);
    counts.assign(input.counts.begin(), input.counts.end());
    return 'a' + input.position % 2;
  };
  engine.submit(greedy(bytes_of("zab"), 6));
  engine.run();
  on = true;
  Request request = greedy(bytes_of("zaza"), 6);
  request.sampling.frequency_penalty = 0.5f;
  engine.submit(request);
  engine.run();
  ASSERT_EQ(counts.size(), 3u);
  auto expect = [&](size_t i, TokenId id, uint32_t in_prompt, uint32_t in_output) {
    EXPECT_EQ(counts[i].id, id);
    EXPECT_EQ(counts[i].in_prompt, in_prompt);
    EXPECT_EQ(counts[i].in_output, in_output);
  };
  // Five tokens were drawn before the last draw: a b a b a.
  expect(0, 'a', 2, 3);
  expect(1, 'b', 0, 2);
  expect(2, 'z', 2, 0);
}

}  // namespace
}  // namespace headrace::engine
