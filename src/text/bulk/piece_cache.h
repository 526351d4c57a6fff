#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

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

  size_t most_bytes_;
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

 private:
  const Line* lines_;
  size_t mask_;
};

inline PieceCache::FirstLines PieceCache::first_lines() const { return {lines_.data(), lines_.size() - 1}; }

/// A thread's caches for the few owners that used theirs last.
class PieceCaches {
 public:
  /// The owner's cache, empty if it is new or was forgotten.
  PieceCache& of(uint64_t owner, const PieceHash& hash);

 private:
  static constexpr size_t kMost = 4;
  struct Owned {
    uint64_t owner;
    std::unique_ptr<PieceCache> cache;
  };
  std::vector<Owned> caches_;  // the last used first
};

/// The bound of each thread's cache of an encoder; it concerns caches made afterwards.
void set_piece_cache_bytes(size_t bytes);
size_t piece_cache_bytes();

}  // namespace headrace::text
