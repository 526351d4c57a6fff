#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "text/bulk/cache_reservation.h"
#include "text/bulk/packed_piece.h"
#include "text/tokenizer.h"
#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// One thread's pieces and their tokens. It grows with what it is given, up to its bound, and then
/// forgets: old neighbours of short pieces one by one, long pieces all at once.
///
/// PERF: a line of 64 bytes has two short pieces, and a pair of lines belongs together: nearly all pieces are found in the
/// first line, where LookupKernels look without a branch. What a text says again and again lies in few lines here,
/// but in many of the vocabulary's table, which asks for room in the second cache level.
class PieceCache {
 public:
  PieceCache(size_t most_bytes, const PieceHash& hash);

  struct alignas(64) Line {
    PackedPiece keys[2];
    uint32_t ids[2][4];  ///< of each the first with their number in its top byte; 0 there: in the pool, or none
  };
  static constexpr uint32_t kIdMask = 0x00FFFFFF;
  /// In the top word of a key, but not hashed: the tokens are others, or lie elsewhere, than those of the plain piece of these bytes.
  static constexpr uint64_t kPart = uint64_t{1} << 63;

  void prefetch_second(uint64_t hash) const { __builtin_prefetch(&lines_[line_of(hash) ^ 1]); }
  void prefetch_long(uint64_t hash) const { __builtin_prefetch(&long_[hash & (long_.size() - 1)]); }

  class FirstLines;
  /// For looking at first lines. Valid until something is added.
  FirstLines first_lines() const;
  /// The tokens of a short piece, wherever they are; none: it is not here. Valid until something is added.
  std::optional<std::span<const TokenId>> find(const PackedPiece& piece, uint64_t hash);
  void add(const PackedPiece& piece, uint64_t hash, std::span<const TokenId> ids);

  /// The tokens of a longer piece; empty if it is not here.
  std::span<const TokenId> find_long(std::string_view piece, uint64_t hash) const;
  void add_long(std::string_view piece, uint64_t hash, std::span<const TokenId> ids);

  size_t bytes() const;
  size_t most_bytes() const { return most_bytes_; }

 private:
  struct LongSlot {
    uint64_t hash = 0;
    uint32_t at = 0;      // of the bytes in long_bytes_
    uint32_t ids_at = 0;  // in pool_
    uint32_t size = 0;    // 0: free
    uint32_t count = 0;
  };
  static constexpr size_t kFirstLong = 256;

  size_t line_of(uint64_t hash) const { return hash & (lines_.size() - 1); }
  struct Place {
    Line* line;
    int entry;
  };
  Place room_for(uint64_t hash);
  void grow();
  void grow_long();
  void forget();
  bool may_grow(size_t bytes);
  template <class T>
  bool make_room(std::vector<T>& list, size_t more);

  size_t most_bytes_;
  CacheReservation reservation_;
  PieceHash hash_;
  TableArray<Line> lines_;
  uint32_t next_ = 0;  // which entry of a full line goes next
  size_t entries_ = 0;
  std::vector<LongSlot> long_;
  size_t long_entries_ = 0;
  std::vector<char> long_bytes_;
  std::vector<TokenId> pool_;
  TokenId found_[4] = {};
};

/// PERF: a value of its own, which a loop can keep in registers.
class PieceCache::FirstLines {
 public:
  FirstLines(const Line* lines, size_t mask) : lines_(lines), mask_(mask) {}

  const Line* data() const { return lines_; }
  size_t mask() const { return mask_; }
  const Line& of(uint64_t hash) const { return lines_[hash & mask_]; }
  void prefetch(uint64_t hash) const { __builtin_prefetch(&of(hash)); }
  /// Looks for a short piece in its first line: `ids` gets four words to copy, of which as many as returned
  /// are its tokens. 0: it is not here, or has more tokens.
  uint32_t find(const PackedPiece& piece, uint64_t hash, TokenId* ids) const { return find_in(of(hash), piece, ids); }
  static uint32_t find_in(const Line& line, const PackedPiece& piece, TokenId* ids) {
    const auto differs = [&](int i) { return (line.keys[i].low ^ piece.low) | (line.keys[i].high ^ piece.high); };
    const bool second = differs(1) == 0;
    const bool found = (differs(0) == 0) | second;
    const uint32_t* of = line.ids[second];
    const uint32_t first = of[0];
    std::memcpy(ids, of, 16);
    ids[0] = first & kIdMask;
    return (first >> 24) & (uint32_t{0} - static_cast<uint32_t>(found));
  }

 private:
  const Line* lines_;
  size_t mask_;
};

inline PieceCache::FirstLines PieceCache::first_lines() const { return {lines_.data(), lines_.size() - 1}; }

/// A thread's caches for the few owners that used theirs last.
class PieceCaches {
 public:
  /// The owner's cache, empty if it is new or was forgotten. Others are given up where the limit of all threads asks for it.
  PieceCache& of(uint64_t owner, const PieceHash& hash);

 private:
  static constexpr size_t kMost = 4;
  struct Owned {
    uint64_t owner;
    std::unique_ptr<PieceCache> cache;
  };
  std::vector<Owned> caches_;  // the last used first
};

}  // namespace headrace::text
