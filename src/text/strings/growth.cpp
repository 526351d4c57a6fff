#include "text/strings/growth.h"

#include <atomic>
#include <limits>
#include <string>

namespace headrace::text {
namespace {

constexpr size_t kTimesBytes = 64;
constexpr size_t kTimesTokens = 16;

std::atomic<size_t> most_bytes{GrowthLimits{}.bytes};
std::atomic<size_t> most_tokens{GrowthLimits{}.tokens};

size_t product(size_t a, size_t b) {
  size_t result;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<size_t>::max() : result;
}

}  // namespace

GrowthLimits growth_limits() { return {most_bytes.load(std::memory_order_relaxed), most_tokens.load(std::memory_order_relaxed)}; }

void set_growth_limits(GrowthLimits limits) {
  most_bytes.store(limits.bytes, std::memory_order_relaxed);
  most_tokens.store(limits.tokens, std::memory_order_relaxed);
}

Result<void> check_text_growth(size_t before, size_t after) {
  if (after <= most_bytes.load(std::memory_order_relaxed) || after <= product(before, kTimesBytes)) return {};
  return fail(ErrorKind::OutOfRange, "the tokenizer makes " + std::to_string(after) + " bytes of " + std::to_string(before) +
                                         ", more than GrowthLimits::bytes allows; mend its replacements or raise the limit");
}

Result<void> check_encoding_growth(size_t own, size_t encodings, size_t tokens) {
  const size_t all = product(encodings, tokens);
  if (all <= most_tokens.load(std::memory_order_relaxed) || all <= product(own, kTimesTokens)) return {};
  return fail(ErrorKind::OutOfRange, "padding, windows or the post-processor make " + std::to_string(encodings) + " times " +
                                         std::to_string(tokens) + " tokens of " + std::to_string(own) +
                                         ", more than GrowthLimits::tokens allows; mend the tokenizer's settings or raise the limit");
}

}  // namespace headrace::text
