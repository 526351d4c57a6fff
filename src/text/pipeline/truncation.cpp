#include "text/pipeline/truncation.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "text/strings/growth.h"

namespace headrace::text {
namespace {

/// How many tokens of two sequences of `a` and `b` tokens stay when the longer one gives first.
std::pair<size_t, size_t> shares(size_t a, size_t b, size_t max_length) {
  auto [shorter, longer] = std::minmax(a, b);
  size_t keep_shorter = shorter;
  size_t keep_longer = shorter > max_length ? shorter : std::max(shorter, max_length - shorter);
  if (keep_shorter + keep_longer > max_length) {
    keep_shorter = max_length / 2;
    keep_longer = keep_shorter + max_length % 2;
  }
  return a > b ? std::pair(keep_longer, keep_shorter) : std::pair(keep_shorter, keep_longer);
}

/// Tokens of an encoding and its windows.
size_t total_size(const Encoding& encoding) {
  size_t size = encoding.size();
  for (const Encoding& window : encoding.overflowing) size += window.size();
  return size;
}

}  // namespace

Result<void> truncate(Encoding& first, std::optional<Encoding>& second, const TruncationParams& params) {
  const auto cut = [&](Encoding& encoding, size_t length) { return encoding.truncate(length, params.stride, params.direction); };
  if (params.max_length == 0) {
    HR_CHECK(cut(first, 0));
    return second ? cut(*second, 0) : Result<void>();
  }
  const size_t total = first.size() + (second ? second->size() : 0);
  if (total <= params.max_length) return {};
  if (params.strategy == TruncationParams::Strategy::LongestFirst) {
    if (!second) return cut(first, params.max_length);
    const auto [of_first, of_second] = shares(first.size(), second->size(), params.max_length);
    HR_CHECK(cut(first, of_first));
    return cut(*second, of_second);
  }
  const bool only_first = params.strategy == TruncationParams::Strategy::OnlyFirst;
  if (!only_first && !second) return fail(ErrorKind::InvalidArgument, "Truncation error: Second sequence not provided");
  Encoding& target = only_first ? first : *second;
  const size_t to_remove = total - params.max_length;
  if (target.size() <= to_remove) {
    return fail(ErrorKind::InvalidArgument,
                "Truncation error: Sequence to truncate too short to respect the provided max_length");
  }
  return cut(target, target.size() - to_remove);
}

Result<void> pad(std::span<Encoding> encodings, const PaddingParams& params) {
  size_t length = params.length.value_or(0);
  if (!params.length) {
    for (const Encoding& encoding : encodings) length = std::max(length, encoding.size());
  }
  const size_t multiple = params.pad_to_multiple_of.value_or(0);
  if (multiple > 0 && length % multiple > 0) {
    const size_t missing = multiple - length % multiple;
    length = missing > std::numeric_limits<size_t>::max() - length ? std::numeric_limits<size_t>::max() : length + missing;
  }
  for (Encoding& encoding : encodings) {
    HR_CHECK(check_encoding_growth(total_size(encoding), 1 + encoding.overflowing.size(), std::max(length, encoding.size())));
    encoding.pad(length, params.pad_id, params.pad_type_id, params.pad_token, params.direction);
  }
  return {};
}

}  // namespace headrace::text
