// The engine over a real model: HEADRACE_TEST_MODEL names a .gguf file.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "engine/engine.h"

namespace headrace::engine {
namespace {

using Clock = std::chrono::steady_clock;

struct Answer {
  std::string text;
  std::vector<TokenId> ids;
  std::vector<Clock::time_point> at;
  Usage usage;
  FinishReason finish = FinishReason::None;
  bool done = false;
};

/// An engine over a model of its own (a backend serves one engine).
class RealModel : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("HEADRACE_TEST_MODEL") == nullptr) GTEST_SKIP() << "HEADRACE_TEST_MODEL is not set";
  }

  void start(EngineOptions options = {}) {
    engine_.reset();
    auto model = model::Model::load(std::getenv("HEADRACE_TEST_MODEL"));
    ASSERT_TRUE(model) << model.error().message;
    auto engine = Engine::create(*model, options);
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = std::move(*engine);
  }

  std::vector<TokenId> ids(std::string_view text) const {
    return engine_->model()->tokenizer()->encode(text, {.add_special = false})->ids;
  }

  Request request(std::string_view prompt, uint32_t tokens) const {
    Request request;
    request.prompt = ids(prompt);
    request.max_tokens = tokens;
    request.ignore_eos = true;
    request.seed = 11;
    return request;
  }

  std::shared_ptr<Answer> submit(Request request) {
    auto answer = std::make_shared<Answer>();
    const auto id = engine_->submit(std::move(request), [this, answer](Event&& event) {
      std::lock_guard lock(mutex_);
      answer->text += event.text;
      for (const TokenOutput& token : event.tokens) answer->ids.push_back(token.id);
      answer->at.push_back(Clock::now());
      answer->finish = event.finish;
      answer->usage = event.usage;
      answer->done = event.done;
      changed_.notify_all();
      return true;
    });
    EXPECT_TRUE(id) << id.error().message;
    return answer;
  }

  Answer wait(const std::shared_ptr<Answer>& answer) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answer->done; });
    return *answer;
  }
  Answer ask(Request request) { return wait(submit(std::move(request))); }
  void wait_for_tokens(const std::shared_ptr<Answer>& answer, size_t tokens) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answer->ids.size() >= tokens || answer->done; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Engine> engine_;
};

constexpr const char* kStory =
    "The old miller opened the headrace a little after dawn. Water ran down the channel, past the willows and the "
    "broken fence, and struck the wheel, which groaned and began to turn. His daughter counted the sacks of grain and "
    "wrote the number in a book. There were nineteen. \"That is two fewer than yesterday,\" she said. The miller";

TEST_F(RealModel, says_the_same_alone_and_beside_fifteen_others) {
  start();
  const Answer alone = ask(request(kStory, 40));
  EXPECT_EQ(alone.ids.size(), 40u);

  start();
  std::vector<std::shared_ptr<Answer>> others;
  for (uint32_t i = 0; i < 15; ++i) {
    Request other = request(std::string(kStory).substr(0, 40 + 10 * i) + std::to_string(i), 30 + i);
    other.seed = i;
    if (i == 7) {
      others.push_back(submit(request(kStory, 40)));
    }
    others.push_back(submit(std::move(other)));
  }
  EXPECT_EQ(wait(others[7]).text, alone.text);
  for (const auto& other : others) wait(other);
}

TEST_F(RealModel, says_the_same_whatever_the_chunk) {
  start({.step_tokens = 512});
  const Answer large = ask(request(kStory, 20));
  start({.step_tokens = 16, .max_sequences = 8});
  EXPECT_EQ(ask(request(kStory, 20)).text, large.text);
}

TEST_F(RealModel, says_the_same_after_preemption) {
  start();
  const Answer alone = ask(request(kStory, 60));
  start({.context = 160, .kv_bytes = 12 * engine_->model()->backend().page_bytes()});
  const auto first = submit(request(std::string(kStory).substr(0, 100), 100));
  const auto second = submit(request(kStory, 60));
  EXPECT_EQ(wait(second).text, alone.text);
  wait(first);
  EXPECT_GT(engine_->stats().preemptions, 0u);
}

TEST_F(RealModel, a_second_turn_is_cached_and_changes_nothing) {
  start();
  const Answer first = ask(request(kStory, 30));
  Request turn = request("", 30);
  turn.prompt = ids(kStory);
  turn.prompt.insert(turn.prompt.end(), first.ids.begin(), first.ids.end());
  const auto more = ids(" And then");
  turn.prompt.insert(turn.prompt.end(), more.begin(), more.end());
  const Answer second = ask(turn);
  EXPECT_GT(second.usage.cached_tokens, 90u);

  start({.prefix_cache = false});
  const Answer fresh = ask(turn);
  EXPECT_EQ(fresh.usage.cached_tokens, 0u);
  EXPECT_EQ(second.text, fresh.text);
}

TEST_F(RealModel, choices_equal_those_of_requests_for_one) {
  start();
  Request three = request(kStory, 20);
  three.n = 3;
  std::vector<std::string> texts(3);
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  ASSERT_TRUE(engine_->submit(three, [&](Event&& event) {
    std::lock_guard lock(mutex);
    texts[event.choice] += event.text;
    done = event.done;
    changed.notify_all();
    return true;
  }));
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
  EXPECT_EQ(texts[0], ask(request(kStory, 20)).text);
  EXPECT_NE(texts[0], texts[1]);
}

TEST_F(RealModel, logits_agree_with_what_is_generated) {
  start();
  Request greedy = request(kStory, 10);
  greedy.sampling.temperature = 0;
  const Answer answer = ask(greedy);
  auto tokens = greedy.prompt;
  tokens.insert(tokens.end(), answer.ids.begin(), answer.ids.end() - 1);
  const auto logits = engine_->logits(tokens);
  ASSERT_TRUE(logits) << logits.error().message;
  const size_t vocabulary = engine_->model()->info().vocabulary;
  for (size_t i = 0; i < answer.ids.size(); ++i) {
    const float* row = logits->data() + (greedy.prompt.size() - 1 + i) * vocabulary;
    EXPECT_EQ(std::max_element(row, row + vocabulary) - row, answer.ids[i]) << i;
  }
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

/// A measurement, not a check: run it on a quiet machine with HEADRACE_MEASURE=1.
TEST_F(RealModel, measures_the_gap_between_tokens_while_long_prompts_arrive) {
  if (std::getenv("HEADRACE_MEASURE") == nullptr) GTEST_SKIP() << "HEADRACE_MEASURE is not set";
  std::string text;
  while (text.size() < 12'000) text += kStory;
  for (const uint32_t streams : {1u, 4u, 16u}) {
    start();
    std::vector<std::shared_ptr<Answer>> running;
    for (uint32_t i = 0; i < streams; ++i) running.push_back(submit(request("Stream " + std::to_string(i) + ": once", 2000)));
    wait_for_tokens(running.back(), 20);
    const auto begin = Clock::now();
    for (uint32_t arrival = 0; arrival < 3; ++arrival) {
      Request prompt = request(std::to_string(arrival) + text, 1);
      prompt.prompt.resize(2000);
      const auto before = Clock::now();
      ask(std::move(prompt));
      std::printf("  prompt %u: %.2f s to the first token\n", arrival, std::chrono::duration<double>(Clock::now() - before).count());
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    const auto end = Clock::now();
    std::vector<double> gaps;
    {
      std::lock_guard lock(mutex_);
      for (const auto& stream : running)
        for (size_t i = 1; i < stream->at.size(); ++i)
          if (stream->at[i - 1] >= begin && stream->at[i] <= end)
            gaps.push_back(std::chrono::duration<double, std::milli>(stream->at[i] - stream->at[i - 1]).count());
    }
    ASSERT_FALSE(gaps.empty());
    std::printf("%u streams, 2,000-token prompts arriving: gap p50 %.1f ms, p99 %.1f ms (%.2fx), largest %.1f ms, %zu gaps\n", streams,
                quantile(gaps, 0.5), quantile(gaps, 0.99), quantile(gaps, 0.99) / quantile(gaps, 0.5), quantile(gaps, 1), gaps.size());
  }
}

}  // namespace
}  // namespace headrace::engine
