#include "test_loop.h"

#include <algorithm>

namespace headrace::engine {

std::vector<TokenId> Heard::Choice::ids() const {
  std::vector<TokenId> ids;
  for (const TokenOutput& output : tokens) ids.push_back(output.id);
  return ids;
}

void Heard::hear(Event&& event) {
  EXPECT_FALSE(done) << "an event came after the last one";
  Choice& choice = choices[event.choice];
  EXPECT_EQ(choice.finish, FinishReason::None) << "an event came after the choice's last one";
  ++events;
  choice.text += event.text;
  choice.tokens.insert(choice.tokens.end(), event.tokens.begin(), event.tokens.end());
  choice.prompt.insert(choice.prompt.end(), event.prompt.begin(), event.prompt.end());
  choice.finish = event.finish;
  choice.stop_text = event.stop_text;
  done = event.done;
  usage = event.usage;
  error = event.error;
}

namespace {

SchedulerLimits limits_of(const EngineOptions& options) {
  return {.max_sequences = options.max_sequences,
          .prefix_cache = options.prefix_cache,
          .chunks = {.step_tokens = options.step_tokens,
                     .min_chunk_tokens = options.min_chunk_tokens,
                     .mixed_step_ratio = options.mixed_step_ratio,
                     .burst_step_ratio = options.burst_step_ratio,
                     .prefill_step_seconds = options.prefill_step_seconds}};
}

}  // namespace

TestLoop::TestLoop(EngineOptions chosen, uint32_t pages, uint32_t model_context)
    : options(chosen), model(model_context), inbox(chosen.max_queue), context(std::min(model_context, pages * 16)) {
  const SchedulerLimits limits = limits_of(options);
  const auto pool = model.backend().prepare(
      pages, std::max(options.step_tokens, options.max_sequences + options.min_chunk_tokens), options.logits_rows);
  loop = std::make_unique<StepLoop>(model, inbox, *pool, limits, options.logits_rows, [this] { return model.backend().now.load(); });
}

std::shared_ptr<Heard> TestLoop::submit(Request request) {
  uint64_t id = 0;
  return submit(std::move(request), id);
}

std::shared_ptr<Heard> TestLoop::submit(Request request, uint64_t& id) {
  auto heard = std::make_shared<Heard>();
  const auto status = check_request(request, options, context, kVocabulary);
  EXPECT_TRUE(status) << status.error().message;
  auto sink = [heard](Event&& event) {
    heard->hear(std::move(event));
    return true;
  };
  auto active = std::make_unique<ActiveRequest>(std::move(request), sink, *model.tokenizer(), kVocabulary);
  active->submitted_at = model.backend().now;
  const auto added = inbox.add(std::move(active));
  EXPECT_TRUE(added) << added.error().message;
  id = added ? *added : 0;
  return heard;
}

void TestLoop::run() {
  loop->run_once();
  for (int step = 0; !loop->idle(); ++step) {
    ASSERT_LT(step, 1'000'000) << "the loop does not come to an end";
    loop->run_once();
  }
}

void TestLoop::steps(int count) {
  for (int step = 0; step < count; ++step) loop->run_once();
}

void TestLoop::expect_no_page_held() const {
  const PagePool& pool = loop->scheduler().pool();
  EXPECT_EQ(pool.used(), 0u);
  EXPECT_EQ(pool.free() + loop->scheduler().cache().evictable(), pool.pages());
  for (uint32_t page = 0; page < pool.pages(); ++page) EXPECT_EQ(pool.holders(page), 0u);
}

Request greedy(std::vector<TokenId> prompt, uint32_t tokens) {
  Request request;
  request.prompt = std::move(prompt);
  request.max_tokens = tokens;
  request.sampling.temperature = 0;
  return request;
}

std::vector<TokenId> some_prompt(uint32_t length, uint32_t salt) {
  std::vector<TokenId> tokens;
  uint32_t x = salt * 2654435761u + 12345;
  for (uint32_t i = 0; i < length; ++i) {
    x = x * 1664525u + 1013904223u;
    tokens.push_back(x >> 24);
  }
  return tokens;
}

}  // namespace headrace::engine
