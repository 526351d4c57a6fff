#include <bit>
#include <cstring>

#include "text/bulk/split_kernels.h"

namespace headrace::text::split_portable {
namespace {

static_assert(std::endian::native == std::endian::little, "the words below are read as eight bytes in text order");

constexpr uint64_t kOnes = 0x0101010101010101u;

uint64_t load(const uint8_t* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

/// Bit k of each of eight bytes, gathered into eight bits: the product moves bit 8i to 56 + i.
uint64_t gather(uint64_t bytes, int k) { return ((bytes >> k) & kOnes) * 0x0102040810204080u >> 56; }

void classify(const uint8_t* text, size_t blocks, const uint8_t* ascii, uint8_t* codes, uint64_t* high,
              uint64_t* continuation) {
  for (size_t block = 0; block < blocks; ++block, text += 64, codes += 64) {
    uint64_t high_bits = 0, not_lead = 0;
    for (int i = 0; i < 64; i += 8) {
      const uint64_t word = load(text + i);
      const uint64_t bits = gather(word, 7);
      high_bits |= bits << i;
      not_lead |= (bits & ~gather(word, 6)) << i;
      for (int j = i; j < i + 8; ++j) codes[j] = text[j] < 0x80 ? ascii[text[j]] : 0;
    }
    high[block] = high_bits;
    continuation[block] = not_lead;
  }
}

void planes(const uint8_t* codes, size_t blocks, CodePlanes* planes) {
  for (size_t block = 0; block < blocks; ++block, codes += 64) {
    CodePlanes bits{};
    for (int i = 0; i < 64; i += 8) {
      const uint64_t word = load(codes + i);
      for (int k = 0; k < 8; ++k) bits.of[k] |= gather(word, k) << i;
    }
    planes[block] = bits;
  }
}

}  // namespace

const SplitKernels kKernels{"portable", classify, planes};

}  // namespace headrace::text::split_portable
