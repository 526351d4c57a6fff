#include "engine/engine.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "test_loop.h"

namespace headrace::engine {
namespace {

using namespace std::chrono_literals;

/// Collects a request's events on another thread than the engine's.
class Listener {
 public:
  EventSink sink() {
    return [this](Event&& event) {
      std::lock_guard lock(mutex_);
      heard_.hear(std::move(event));
      changed_.notify_all();
      return true;
    };
  }
  Heard wait() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 60s, [&] { return heard_.done; })) << "the request does not end";
    return heard_;
  }
  void wait_for_events(uint32_t events) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 60s, [&] { return heard_.events >= events || heard_.done; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Heard heard_;
};

struct Served {
  explicit Served(const EngineOptions& options = {}, uint32_t context = 4096) : model(std::make_shared<FakeModel>(context)) {
    model->backend().keep_steps = false;
    EngineOptions chosen = options;
    if (chosen.kv_bytes == 0) chosen.kv_bytes = 512 * model->backend().page_bytes();
    auto created = Engine::create(model, chosen);
    EXPECT_TRUE(created) << created.error().message;
    engine = std::move(*created);
  }
  std::shared_ptr<FakeModel> model;
  std::unique_ptr<Engine> engine;
};

TEST(Engine, answers_requests_of_many_threads) {
  Served served;
  std::vector<std::jthread> clients;
  for (uint32_t client = 0; client < 8; ++client) {
    clients.emplace_back([&, client] {
      for (uint32_t i = 0; i < 20; ++i) {
        Listener listener;
        const auto prompt = some_prompt(10 + client * 7, client * 100 + i);
        ASSERT_TRUE(served.engine->submit(greedy(prompt, 15), listener.sink()));
        EXPECT_EQ(listener.wait().ids(), fake_greedy(prompt, 15));
      }
    });
  }
  clients.clear();
  const EngineStats stats = served.engine->stats();
  EXPECT_EQ(stats.requests_length, 160u);
  EXPECT_EQ(stats.generation_tokens, 160u * 15);
  EXPECT_EQ(stats.time_to_first_token.count, 160u);
  EXPECT_EQ(stats.inter_token_latency.count, 160u * 14);
  EXPECT_EQ(stats.e2e_latency.count, 160u);
}

TEST(Engine, ends_a_cancelled_request) {
  Served served;
  Listener listener;
  const auto id = served.engine->submit(greedy(some_prompt(10), 4000), listener.sink());
  ASSERT_TRUE(id);
  listener.wait_for_events(3);
  served.engine->cancel(*id);
  const Heard heard = listener.wait();
  EXPECT_EQ(heard.finish(), FinishReason::Cancelled);
  EXPECT_LT(heard.ids().size(), 4000u);
  served.engine->cancel(*id);
  served.engine->cancel(12345);
}

TEST(Engine, a_sink_may_cancel_other_requests) {
  Served served;
  Listener victim;
  const auto id = served.engine->submit(greedy(some_prompt(10), 4000), victim.sink());
  Listener other;
  auto sink = other.sink();
  ASSERT_TRUE(served.engine->submit(greedy(some_prompt(10, 1), 5), [&](Event&& event) {
    served.engine->cancel(*id);
    return sink(std::move(event));
  }));
  EXPECT_EQ(victim.wait().finish(), FinishReason::Cancelled);
  EXPECT_EQ(other.wait().finish(), FinishReason::Length);
}

TEST(Engine, refuses_more_requests_than_the_queue_holds) {
  Served served({.max_sequences = 1, .max_queue = 3});
  std::atomic<bool> hold = true, holding = false;
  served.model->backend().before_step = [&] {
    holding = true;
    while (hold) std::this_thread::sleep_for(1ms);
  };
  std::vector<Listener> listeners(10);
  std::vector<bool> accepted(10);
  for (uint32_t i = 0; i < 10; ++i) {
    const auto result = served.engine->submit(greedy(some_prompt(4, i), 3), listeners[i].sink());
    accepted[i] = result.has_value();
    if (!result) {
      EXPECT_EQ(result.error().kind, ErrorKind::Busy);
      EXPECT_EQ(result.error().message, "the queue is full: 3 requests are waiting; try again later");
    }
    while (!holding) std::this_thread::sleep_for(1ms);  // the first one runs
  }
  EXPECT_EQ(accepted, (std::vector<bool>{true, true, true, true, false, false, false, false, false, false}));
  hold = false;
  for (uint32_t i = 0; i < 4; ++i) listeners[i].wait();
}

TEST(Engine, says_what_is_wrong_with_a_request) {
  Served served;
  Request request = greedy(some_prompt(4000), 100);
  const auto too_long = served.engine->submit(request, [](Event&&) { return true; });
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().kind, ErrorKind::OutOfRange);
  request = greedy(some_prompt(4), 10);
  request.sampling.top_p = 2;
  const auto wrong = served.engine->submit(request, [](Event&&) { return true; });
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::InvalidArgument);
  EXPECT_FALSE(served.engine->submit(greedy(some_prompt(4), 10), nullptr));
}

TEST(Engine, drains_what_it_has_taken_and_takes_no_more) {
  Served served;
  Listener listener;
  ASSERT_TRUE(served.engine->submit(greedy(some_prompt(10), 500), listener.sink()));
  EXPECT_TRUE(served.engine->drain(60));
  EXPECT_EQ(listener.wait().finish(), FinishReason::Length);
  const auto late = served.engine->submit(greedy(some_prompt(10), 5), [](Event&&) { return true; });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::Busy);
}

TEST(Engine, draining_gives_up_after_its_time) {
  Served served;
  served.model->backend().before_step = [] { std::this_thread::sleep_for(2ms); };
  Listener listener;
  ASSERT_TRUE(served.engine->submit(greedy(some_prompt(10), 4000), listener.sink()));
  EXPECT_FALSE(served.engine->drain(0.05));
  served.engine.reset();
  EXPECT_EQ(listener.wait().finish(), FinishReason::Cancelled);
}

TEST(Engine, cancels_everything_when_it_is_destroyed) {
  std::vector<Listener> listeners(20);
  {
    Served served({.max_sequences = 4});
    for (uint32_t i = 0; i < 20; ++i)
      ASSERT_TRUE(served.engine->submit(greedy(some_prompt(10, i), 4000), listeners[i].sink()));
    listeners[0].wait_for_events(2);
  }
  for (Listener& listener : listeners) EXPECT_EQ(listener.wait().finish(), FinishReason::Cancelled);
}

TEST(Engine, sleeps_when_it_has_nothing_to_do) {
  Served served;
  Listener listener;
  ASSERT_TRUE(served.engine->submit(greedy(some_prompt(10), 5), listener.sink()));
  listener.wait();
  std::this_thread::sleep_for(20ms);
  timespec before{}, after{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  std::this_thread::sleep_for(200ms);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  const double spent = static_cast<double>(after.tv_sec - before.tv_sec) + 1e-9 * static_cast<double>(after.tv_nsec - before.tv_nsec);
  EXPECT_LT(spent, 0.05);
}

TEST(Engine, gives_raw_logits_while_others_generate) {
  Served served({.step_tokens = 32, .logits_rows = 24});
  Listener listener;
  ASSERT_TRUE(served.engine->submit(greedy(some_prompt(50), 300), listener.sink()));
  const auto tokens = some_prompt(100, 3);
  const auto logits = served.engine->logits(tokens);
  ASSERT_TRUE(logits) << logits.error().message;
  ASSERT_EQ(logits->size(), 100u * kVocabulary);
  for (uint32_t i = 0; i < 100; ++i)
    for (uint32_t v = 0; v < kVocabulary; v += 17)
      ASSERT_EQ((*logits)[i * kVocabulary + v], fake_logit(std::span(tokens).first(i + 1), v)) << i;
  EXPECT_EQ(listener.wait().ids(), fake_greedy(some_prompt(50), 300));
}

TEST(Engine, logits_that_need_the_whole_pool_interrupt_the_others) {
  Served served({.kv_bytes = 16 * 1024}, 256);
  Listener listener;
  ASSERT_TRUE(served.engine->submit(greedy(some_prompt(50), 200), listener.sink()));
  listener.wait_for_events(5);
  const auto logits = served.engine->logits(some_prompt(256, 3));
  ASSERT_TRUE(logits) << logits.error().message;
  EXPECT_EQ(listener.wait().ids(), fake_greedy(some_prompt(50), 200));
}

TEST(Engine, refuses_logits_that_do_not_fit) {
  Served served({}, 256);
  const auto too_long = served.engine->logits(some_prompt(257));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().kind, ErrorKind::OutOfRange);
  EXPECT_EQ(too_long.error().message, "this model's context is 256 tokens, but logits of 257 were asked for");
  const auto unknown = served.engine->logits(std::vector<TokenId>{1, 258});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::InvalidArgument);
  EXPECT_TRUE(served.engine->logits({}));
}

TEST(Engine, refuses_options_that_make_no_sense) {
  auto model = std::make_shared<FakeModel>();
  for (const EngineOptions& options :
       {EngineOptions{.step_tokens = 0}, EngineOptions{.max_sequences = 0}, EngineOptions{.max_queue = 0},
        EngineOptions{.mixed_step_ratio = 0.5}, EngineOptions{.min_chunk_tokens = 1}, EngineOptions{.context = 100'000}}) {
    const auto engine = Engine::create(model, options);
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().kind, ErrorKind::InvalidArgument) << engine.error().message;
  }
}

#if !defined(__SANITIZE_THREAD__)
TEST(Engine, says_clearly_that_it_does_not_work_in_the_child_of_a_fork) {
  Served served;
  Listener listener;
  ASSERT_TRUE(served.engine->submit(greedy(some_prompt(10), 2000), listener.sink()));
  listener.wait_for_events(1);
  const pid_t child = fork();
  if (child == 0) {
    bool right = !served.engine->submit(greedy(some_prompt(10), 5), [](Event&&) { return true; });
    right = right && served.engine->logits(some_prompt(3)).error().kind == ErrorKind::Unsupported;
    served.engine->cancel(1);
    served.engine->drain(1);
    served.engine->stats();
    served.engine.reset();  // must not wait for a thread that is not there
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(listener.wait().ids(), fake_greedy(some_prompt(10), 2000));
}
#endif

}  // namespace
}  // namespace headrace::engine
