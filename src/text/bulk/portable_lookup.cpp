#include <algorithm>
#include <bit>
#include <cstring>

#include "text/bulk/lookup_kernels.h"

namespace headrace::text::lookup_portable {
namespace {

/// How many bits are set. PERF: without the instruction, which not every CPU has, std::popcount is a call.
size_t bit_count(uint64_t bits) {
  bits -= bits >> 1 & 0x5555555555555555u;
  bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
  bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
  return static_cast<size_t>(bits * 0x0101010101010101u >> 56);
}

size_t places(const uint64_t* bits, size_t words, uint32_t* places) {
  constexpr uint64_t kTop = uint64_t{1} << 63;
  size_t count = 0;
  for (size_t w = 0; w < words; ++w) {
    uint64_t word = bits[w];
    const size_t ones = bit_count(word);
    // PERF: eight at a time: how many there are is guessed right mostly.
    for (size_t done = 0; done < ones; done += 8) {
      for (size_t i = 0; i < 8; ++i, word &= word - 1) {
        places[count + done + i] = static_cast<uint32_t>(w * 64) + static_cast<uint32_t>(std::countr_zero(word | kTop));
      }
    }
    count += ones;
  }
  return count;
}

void look_up(const PieceCache::FirstLines& lines, const PieceHash& hash, const uint8_t* text, const uint32_t* begins, size_t count,
             TokenId* out, MissedPiece* misses, size_t& written, size_t& missed) {
  PackedPiece packed[LookupKernels::kBatch];
  const PieceCache::Line* line_of[LookupKernels::kBatch];
  size_t n_written = 0, n_missed = 0;
  for (size_t first = 0; first < count; first += LookupKernels::kBatch) {
    const size_t batch = std::min(LookupKernels::kBatch, count - first);
    const uint32_t* at = begins + first;
    for (size_t i = 0; i < batch; ++i) {
      const size_t size = at[i + 1] - at[i];
      packed[i] = size <= PackedPiece::kLongest ? pack(text + at[i], size) : PackedPiece{0, ~uint64_t{0}};  // no key
      line_of[i] = &lines.of(hash(packed[i]));
      __builtin_prefetch(line_of[i]);
    }
    for (size_t i = 0; i < batch; ++i) {
      const uint32_t tokens = PieceCache::FirstLines::find_in(*line_of[i], packed[i], out + n_written);
      misses[n_missed] = {static_cast<uint32_t>(first + i), static_cast<uint32_t>(n_written)};
      n_missed += tokens == 0;
      n_written += tokens;
    }
  }
  written = n_written;
  missed = n_missed;
}

}  // namespace

const LookupKernels kKernels{"portable", places, look_up};

}  // namespace headrace::text::lookup_portable
