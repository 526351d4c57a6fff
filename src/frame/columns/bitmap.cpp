#include "frame/bitmap.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace headrace::frame {

Result<Bitmap> Bitmap::zeros(size_t size, std::shared_ptr<MemoryBudget> budget) {
  // Whole words, so that set_word and word need not look; one at least, so that it is not an absent one.
  HR_TRY(auto buffer, Buffer::from_pool(std::max<size_t>(1, (size + 63) / 64) * 8, std::move(budget)));
  return Bitmap(std::move(buffer), 0, size);
}

uint64_t Bitmap::word(size_t row) const {
  if (row >= size_) return 0;
  const size_t bit = offset_ + row, byte = bit / 8, shift = bit % 8;
  const size_t end = (offset_ + size_ + 7) / 8;  // foreign buffers may end here
  uint64_t low = 0;
  uint64_t high = 0;
  std::memcpy(&low, buffer_.data() + byte, std::min<size_t>(8, end - byte));
  if (end - byte > 8) high = std::to_integer<uint64_t>(buffer_.data()[byte + 8]);
  const uint64_t bits = shift == 0 ? low : low >> shift | high << (64 - shift);
  const size_t left = size_ - row;
  return left >= 64 ? bits : bits & ((uint64_t{1} << left) - 1);
}

size_t Bitmap::ones() const {
  size_t count = 0;
  for (size_t row = 0; row < size_; row += 64) count += static_cast<size_t>(std::popcount(word(row)));
  return count;
}

Bitmap Bitmap::slice(size_t begin, size_t size) const {
  if (is_absent()) return {};
  return Bitmap(buffer_, offset_ + begin, size);
}

}  // namespace headrace::frame
