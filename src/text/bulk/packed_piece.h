#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "text/vocabulary/string_index.h"

namespace headrace::text {

/// A piece of at most 15 bytes as two words: its bytes, zeros, and its length in the last byte.
struct PackedPiece {
  static constexpr size_t kLongest = 15;
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const PackedPiece&) const = default;
};

namespace detail {

struct PieceMask {
  uint64_t low, high, length;
};
inline constexpr auto kPieceMasks = [] {
  struct {
    PieceMask of[16];
  } masks{};
  for (int n = 0; n < 16; ++n) {
    masks.of[n].low = n >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * n)) - 1;
    masks.of[n].high = n <= 8 ? 0 : (uint64_t{1} << (8 * (n - 8))) - 1;
    masks.of[n].length = static_cast<uint64_t>(n) << 56;
  }
  return masks;
}();

}  // namespace detail

/// Packs a piece of `size` bytes, at most 15, at whose beginning 16 bytes may be read.
inline PackedPiece pack(const uint8_t* bytes, size_t size) {
  PackedPiece piece;
  std::memcpy(&piece.low, bytes, 8);
  std::memcpy(&piece.high, bytes + 8, 8);
  const detail::PieceMask& mask = detail::kPieceMasks.of[size];
  piece.low &= mask.low;
  piece.high = (piece.high & mask.high) | mask.length;
  return piece;
}

inline PackedPiece pack(std::string_view bytes) {
  uint8_t padded[16] = {};
  std::memcpy(padded, bytes.data(), bytes.size());
  return pack(padded, bytes.size());
}

/// The hashes of one encoder. The seeds are random, so that nobody can choose pieces that
/// collide; or those of short pieces are given (a compiled tokenizer's).
class PieceHash {
 public:
  PieceHash();
  PieceHash(uint64_t first, uint64_t second);

  /// What the two words of a short piece are changed by before they are multiplied.
  uint64_t first() const { return first_; }
  uint64_t second() const { return second_; }

  uint64_t operator()(const PackedPiece& piece) const { return fold_multiply(piece.low ^ first_, piece.high ^ second_); }
  uint64_t operator()(const uint8_t* bytes, size_t size) const {
    uint64_t hash = long_second_ ^ size;
    size_t at = 0;
    for (; at + 16 <= size; at += 16) hash = fold_multiply(word(bytes + at) ^ long_first_, word(bytes + at + 8) ^ hash);
    if (at == size) return fold_multiply(hash, long_first_ | 1);
    if (size < 16) return (*this)(pack({reinterpret_cast<const char*>(bytes), size}));
    return fold_multiply(word(bytes + size - 16) ^ long_first_, word(bytes + size - 8) ^ hash);
  }

 private:
  static uint64_t word(const uint8_t* p) {
    uint64_t w;
    std::memcpy(&w, p, 8);
    return w;
  }
  uint64_t first_;
  uint64_t second_;
  uint64_t long_first_;
  uint64_t long_second_;
};

}  // namespace headrace::text
