#include "frame/keys/radix.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace headrace::frame {

void sort_by_number(std::span<Numbered> entries, std::span<Numbered> spare, uint64_t bound) {
  constexpr size_t kFew = 1024;
  constexpr int kDigit = 11;
  if (entries.size() < kFew) {
    std::ranges::sort(entries, {}, &Numbered::number);
    return;
  }
  Numbered* from = entries.data();
  Numbered* to = spare.data();
  for (int shift = 0; shift < static_cast<int>(std::bit_width(bound)); shift += kDigit) {
    std::array<size_t, size_t{1} << kDigit> next{};
    const auto digit = [shift](const Numbered& entry) { return entry.number >> shift & ((1u << kDigit) - 1); };
    for (size_t i = 0; i < entries.size(); ++i) ++next[digit(from[i])];
    size_t begin = 0;
    for (size_t& count : next) begin += std::exchange(count, begin);
    for (size_t i = 0; i < entries.size(); ++i) to[next[digit(from[i])]++] = from[i];
    std::swap(from, to);
  }
  if (from != entries.data()) std::ranges::copy(spare, entries.begin());
}

}  // namespace headrace::frame
