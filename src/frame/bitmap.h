#pragma once

#include <cstddef>
#include <cstdint>

#include "base/buffer.h"

namespace headrace::frame {

/// One bit for each of a stretch of rows, the lowest of a byte first, as Arrow has it. Absent: all are ones, at no cost.
/// Copies share the bits.
class Bitmap {
 public:
  Bitmap() = default;
  /// Bits [offset, offset + size) of `buffer`, which must hold them.
  Bitmap(Buffer buffer, size_t offset, size_t size) : buffer_(std::move(buffer)), offset_(offset), size_(size) {}
  /// `size` zeros.
  static Result<Bitmap> zeros(size_t size, std::shared_ptr<MemoryBudget> budget = process_budget());

  bool is_absent() const { return buffer_.empty(); }
  /// 0 for an absent one.
  size_t size() const { return size_; }
  const Buffer& buffer() const { return buffer_; }
  size_t offset() const { return offset_; }

  bool operator[](size_t row) const {
    if (is_absent()) return true;
    const size_t bit = offset_ + row;
    return std::to_integer<unsigned>(buffer_.data()[bit / 8]) >> (bit % 8) & 1;
  }
  /// The bits of 64 rows from `row` on; zeros beyond the last. Not of an absent one.
  uint64_t word(size_t row) const;
  /// How many ones there are. Not of an absent one.
  size_t ones() const;
  /// Rows [begin, begin + size).
  Bitmap slice(size_t begin, size_t size) const;

  /// For whoever fills a bitmap that nobody else has yet.
  void set(size_t row) const {
    const size_t bit = offset_ + row;
    buffer_.data()[bit / 8] |= static_cast<std::byte>(1u << (bit % 8));
  }
  /// Writes 64 rows; `row` and the offset must be multiples of 64, and the buffer must reach there.
  void set_word(size_t row, uint64_t bits) const { buffer_.as<uint64_t>()[(offset_ + row) / 64] = bits; }

 private:
  Buffer buffer_;
  size_t offset_ = 0;
  size_t size_ = 0;
};

}  // namespace headrace::frame
