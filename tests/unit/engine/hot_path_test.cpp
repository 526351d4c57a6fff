// What the engine itself costs: allocations and time of a step beside the model's.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <new>

#include "test_loop.h"

namespace {
thread_local bool counting = false;
thread_local uint64_t allocations = 0;
}  // namespace

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(size_t size) {
  allocations += counting;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  allocations += counting;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace headrace::engine {
namespace {

/// An engine with `sequences` greedy streams that are past their prompts, and sinks
/// that look at their events without taking them away.
std::unique_ptr<TestLoop> decoding(uint32_t sequences, const std::vector<std::string>& stop = {}) {
  auto engine = std::make_unique<TestLoop>(EngineOptions{.max_sequences = sequences}, sequences * 20);
  FakeBackend& backend = engine->model.backend();
  backend.keep_steps = backend.check_everything = false;
  // A stream of letters: the text of a token is one byte.
  backend.next = [](std::span<const TokenId>, const model::SampleInput& input) -> TokenId { return 'a' + input.position % 26; };
  for (uint32_t i = 0; i < sequences; ++i) {
    Request request = greedy(some_prompt(20, i), 280);
    request.stop = stop;
    EXPECT_TRUE(check_request(request, engine->options, engine->context, kVocabulary));
    EXPECT_TRUE(engine->inbox.add(std::make_unique<ActiveRequest>(
        std::move(request), [](Event&& event) { return event.tokens.size() == 1; }, *engine->model.tokenizer(), kVocabulary)));
  }
  engine->steps(static_cast<int>(20 * sequences / 512) + 30);
  EXPECT_EQ(engine->loop->scheduler().running().size(), sequences);
  return engine;
}

TEST(HotPath, a_decode_step_allocates_nothing) {
  for (const std::vector<std::string>& stop : {std::vector<std::string>{}, std::vector<std::string>{"xyzzy", "END"}}) {
    const auto engine = decoding(32, stop);
    // The model's own allocations are not the engine's.
    FakeBackend& backend = engine->model.backend();
    backend.before_step = [] { counting = false; };
    backend.cost = [](uint32_t, uint32_t) {
      counting = true;
      return 0.001;
    };
    allocations = 0;
    counting = true;
    engine->steps(100);  // beyond several pages
    counting = false;
    EXPECT_EQ(allocations, 0u);
    EXPECT_EQ(engine->loop->scheduler().running().size(), 32u);
  }
}

TEST(HotPath, measures_what_a_step_of_256_sequences_costs_the_engine) {
  if (std::getenv("HEADRACE_MEASURE") == nullptr) GTEST_SKIP() << "HEADRACE_MEASURE is not set: nothing is timed";
  const auto engine = decoding(256);
  FakeBackend& backend = engine->model.backend();
  using Clock = std::chrono::steady_clock;
  Clock::duration in_model{};
  Clock::time_point begin;
  backend.before_step = [&] { begin = Clock::now(); };
  backend.cost = [&](uint32_t, uint32_t) {
    in_model += Clock::now() - begin;
    return 0.001;
  };
  std::vector<double> microseconds;
  for (int step = 0; step < 150; ++step) {
    in_model = {};
    const auto before = Clock::now();
    engine->steps(1);
    microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - before - in_model).count());
  }
  std::sort(microseconds.begin(), microseconds.end());
  RecordProperty("median_microseconds", std::to_string(microseconds[75]));
  std::printf("a step of 256 sequences, without the model: %.1f us (median), %.1f us (fastest)\n", microseconds[75], microseconds[0]);
}

}  // namespace
}  // namespace headrace::engine
