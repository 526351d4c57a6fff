#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/bulk/packed_piece.h"
#include "text/bulk/piece_splitter.h"
#include "text/training.h"

namespace headrace::text {

/// How often each piece was seen, as it stands in the text: short ones packed, 24 bytes a slot.
class PieceCounts {
 public:
  struct Short {
    PackedPiece piece;
    uint64_t count = 0;

    std::string_view bytes(char (&room)[16]) const {
      std::memcpy(room, &piece, 16);
      return {room, static_cast<size_t>(piece.high >> 56)};
    }
  };

  void add(std::string_view piece, uint64_t count = 1) {
    if (piece.size() > PackedPiece::kLongest) {
      long_.add(piece, count);
    } else {
      const PackedPiece packed = pack(piece);
      add(packed, hash_(packed), count);
    }
  }
  /// Adds the pieces of a chunk that is not one piece alone.
  void add(const SplitChunk& chunk);
  void add(const PieceCounts& other);

  const WordCounts& long_pieces() const { return long_; }
  /// All short pieces in an order of their own, the most frequent first. Nothing may be added afterwards.
  std::span<const Short> sorted();

 private:
  static constexpr size_t kBatch = 64;

  void add(const PackedPiece& piece, uint64_t hash, uint64_t count) {
    Short* slot = find(piece, hash);
    if (slot->piece.high == 0) {
      if ((used_ + 1) * 8 > slots_.size() * 5) {
        grow();
        slot = find(piece, hash);
      }
      slot->piece = piece;
      ++used_;
    }
    slot->count += count;
  }
  Short* find(const PackedPiece& piece, uint64_t hash) {
    size_t at = hash & mask_;
    while (slots_[at].piece != piece && slots_[at].piece.high != 0) at = (at + 1) & mask_;
    return &slots_[at];
  }
  void grow();

  PieceHash hash_;
  std::vector<Short> slots_ = std::vector<Short>(1024);
  size_t mask_ = 1023;
  size_t used_ = 0;
  WordCounts long_;
};

}  // namespace headrace::text
