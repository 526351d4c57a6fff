#include "text/strings/growth.h"

#include <limits>
#include <string>

#include "text/limits.h"

namespace headrace::text {
namespace {

constexpr size_t kTimesBytes = 64;
constexpr size_t kTimesTokens = 16;

size_t product(size_t a, size_t b) {
  size_t result;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<size_t>::max() : result;
}

}  // namespace

Result<void> check_text_growth(size_t before, size_t after) {
  if (after <= limit(Limit::TextBytes) || after <= product(before, kTimesBytes)) return {};
  return fail(ErrorKind::OutOfRange, "the tokenizer makes " + std::to_string(after) + " bytes of " + std::to_string(before) +
                                         ", more than the limit text_bytes allows; mend its replacements or raise the limit");
}

Result<void> check_encoding_growth(size_t own, size_t encodings, size_t tokens) {
  const size_t all = product(encodings, tokens);
  if (all <= limit(Limit::EncodingTokens) || all <= product(own, kTimesTokens)) return {};
  return fail(ErrorKind::OutOfRange, "padding, windows or the post-processor make " + std::to_string(encodings) + " times " +
                                         std::to_string(tokens) + " tokens of " + std::to_string(own) +
                                         ", more than the limit encoding_tokens allows; mend the tokenizer's settings or raise the limit");
}

}  // namespace headrace::text
