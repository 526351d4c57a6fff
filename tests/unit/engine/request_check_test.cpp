#include "engine/schedule/request_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/pages/pool_size.h"

namespace headrace::engine {
namespace {

constexpr uint32_t kContext = 2048;
constexpr uint32_t kTokens = 1000;

Request valid() {
  Request request;
  request.prompt = {1, 2, 3};
  request.max_tokens = 10;
  return request;
}

template <class Change>
std::string refusal(Change change, ErrorKind kind = ErrorKind::InvalidArgument) {
  Request request = valid();
  change(request);
  const auto status = check_request(request, {}, kContext, kTokens);
  if (status) return "accepted";
  EXPECT_EQ(status.error().kind, kind);
  return status.error().message;
}

TEST(RequestCheck, accepts_a_plain_request) {
  EXPECT_EQ(refusal([](Request&) {}), "accepted");
}

TEST(RequestCheck, names_the_field_the_value_and_what_is_allowed) {
  EXPECT_EQ(refusal([](Request& r) { r.sampling.temperature = -1; }), "temperature is -1, but must be 0 or more");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.temperature = NAN; }), "temperature is nan, but must be 0 or more");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.temperature = INFINITY; }), "temperature is inf, but must be 0 or more");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.top_p = 0; }), "top_p is 0, but must be above 0 and at most 1");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.top_p = 2; }), "top_p is 2, but must be above 0 and at most 1");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.typical_p = 0; }), "typical_p is 0, but must be above 0 and at most 1");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.min_p = 1.5f; }), "min_p is 1.5, but must be from 0 to 1");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.repetition_penalty = 0; }), "repetition_penalty is 0, but must be above 0");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.presence_penalty = NAN; }), "presence_penalty is nan, but must be a finite number");
  EXPECT_EQ(refusal([](Request& r) { r.sampling.logit_bias = {{1000, 1.0f}}; }),
            "logit_bias names token 1000, but this model's vocabulary has 1000 tokens");
  EXPECT_EQ(refusal([](Request& r) { r.n = 0; }), "n is 0, but must be 1 or more");
  EXPECT_EQ(refusal([](Request& r) { r.n = 3, r.best_of = 2; }), "best_of is 2, but must be at least n, which is 3");
  EXPECT_EQ(refusal([](Request& r) { r.n = 129; }), "n is 129, but must be at most 128");
  EXPECT_EQ(refusal([](Request& r) { r.best_of = 129; }), "best_of is 129, but must be at most 128");
  EXPECT_EQ(refusal([](Request& r) { r.top_logprobs = 129; }), "top_logprobs is 129, but must be at most 128");
  EXPECT_EQ(refusal([](Request& r) { r.min_tokens = 11; }), "min_tokens is 11, but must be at most max_tokens, which is 10");
  EXPECT_EQ(refusal([](Request& r) { r.stop = {"a", ""}; }), "a stop text is empty, but must have at least one character");
  EXPECT_EQ(refusal([](Request& r) { r.stop.assign(65, "x"); }), "the number of stop texts is 65, but must be at most 64");
  EXPECT_EQ(refusal([](Request& r) { r.stop = {std::string(5000, 'x')}; }),
            "the length of a stop text is 5000, but must be at most 4096 bytes");
  EXPECT_EQ(refusal([](Request& r) { r.prompt.clear(); }), "the prompt is empty, but must have at least one token");
  EXPECT_EQ(refusal([](Request& r) { r.prompt[2] = 1000; }),
            "prompt[2] is token 1000, but this model's vocabulary has 1000 tokens");
  EXPECT_EQ(refusal([](Request& r) { r.stop_tokens = {5, UINT32_MAX}; }),
            "stop_tokens[1] is token 4294967295, but this model's vocabulary has 1000 tokens");
}

TEST(RequestCheck, names_both_numbers_when_the_context_is_too_short) {
  EXPECT_EQ(refusal([](Request& r) { r.prompt.assign(2900, 1), r.max_tokens = 100; }, ErrorKind::OutOfRange),
            "this model's context is 2048 tokens, but 3000 were asked for (2900 in the prompt, 100 to generate)");
  EXPECT_EQ(refusal([](Request& r) { r.prompt.assign(2048, 1), r.max_tokens = 0; }, ErrorKind::OutOfRange),
            "this model's context is 2048 tokens, but 2049 were asked for (2048 in the prompt, at least 1 to generate)");
  EXPECT_EQ(refusal([](Request& r) { r.max_tokens = UINT32_MAX; }, ErrorKind::OutOfRange),
            "this model's context is 2048 tokens, but 4294967298 were asked for (3 in the prompt, 4294967295 to generate)");
}

TEST(RequestCheck, fills_in_what_was_left_open) {
  Request request = valid();
  request.max_tokens = 0;
  request.n = 4;
  ASSERT_TRUE(check_request(request, {}, kContext, kTokens));
  EXPECT_EQ(request.max_tokens, 2045u);
  EXPECT_EQ(request.best_of, 4u);
}

constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(PoolSize, takes_a_gigabyte_unless_a_context_needs_more) {
  const auto usual = choose_pool_size({}, 8192, 1 << 20, 64 * kGiB);
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->pages, 1024u);
  EXPECT_EQ(usual->context, 8192u);
  const auto long_context = choose_pool_size({}, 131072, 1 << 20, 64 * kGiB);
  ASSERT_TRUE(long_context);
  EXPECT_EQ(long_context->pages, 8192u);
  EXPECT_EQ(long_context->context, 131072u);
}

TEST(PoolSize, shortens_the_context_to_what_the_memory_holds) {
  const auto size = choose_pool_size({}, 131072, 1 << 20, 1 * kGiB);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->pages, 896u);
  EXPECT_EQ(size->context, 896u * 16);
}

TEST(PoolSize, refuses_a_context_that_does_not_fit) {
  EngineOptions options;
  options.context = 65536;
  const auto size = choose_pool_size(options, 131072, 1 << 20, 1 * kGiB);
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().kind, ErrorKind::OutOfMemory);
  EXPECT_NE(size.error().message.find("65536 tokens"), std::string::npos) << size.error().message;
  EXPECT_NE(size.error().message.find("14336 tokens"), std::string::npos) << size.error().message;
}

TEST(PoolSize, refuses_a_context_that_the_model_does_not_have) {
  EngineOptions options;
  options.context = 9000;
  const auto size = choose_pool_size(options, 8192, 1 << 20, 64 * kGiB);
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().kind, ErrorKind::InvalidArgument);
}

TEST(PoolSize, obeys_kv_bytes) {
  EngineOptions options;
  options.kv_bytes = 10 << 20;
  const auto size = choose_pool_size(options, 8192, 1 << 20, 64 * kGiB);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->pages, 10u);
  EXPECT_EQ(size->context, 160u);
  options.kv_bytes = 2 * kGiB;
  EXPECT_FALSE(choose_pool_size(options, 8192, 1 << 20, kGiB));
  options.kv_bytes = 1000;
  EXPECT_FALSE(choose_pool_size(options, 8192, 1 << 20, kGiB));
}

}  // namespace
}  // namespace headrace::engine
