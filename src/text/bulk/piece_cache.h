#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "text/bulk/packed_piece.h"
#include "text/tokenizer.h"

namespace headrace::text {

/// One thread's pieces of several tokens. It grows with what it is given, up to its bound, and then
/// forgets: old neighbours of short pieces one by one, long pieces all at once.
class PieceCache {
 public:
  explicit PieceCache(size_t most_bytes);

  struct Entry {
    PackedPiece key;
    uint32_t ids[4];  ///< the first with their number in its top byte, or kPooled there
  };
  static constexpr uint32_t kIdMask = 0x00FFFFFF;
  static constexpr uint32_t kPooled = 255;

  void prefetch(uint64_t hash) const {
    const auto* line = reinterpret_cast<const char*>(&sets_[set_of(hash)]);
    __builtin_prefetch(line);
    __builtin_prefetch(line + 64);
  }
  void prefetch_long(uint64_t hash) const { __builtin_prefetch(&long_[hash & (long_.size() - 1)]); }
  /// The entry of a short piece, or null.
  const Entry* find(const PackedPiece& piece, uint64_t hash) const {
    const Entry* entries = sets_[set_of(hash)].entries;
    unsigned found = 0;
    for (int i = 0; i < 4; ++i) {
      found |= static_cast<unsigned>(((entries[i].key.low ^ piece.low) | (entries[i].key.high ^ piece.high)) == 0) << i;
    }
    return found ? entries + __builtin_ctz(found) : nullptr;
  }
  static uint32_t count(const Entry& entry) { return entry.ids[0] >> 24; }
  std::span<const TokenId> pooled(const Entry& entry) const { return {pool_.data() + entry.ids[1], entry.ids[2]}; }
  void add(const PackedPiece& piece, uint64_t hash, std::span<const TokenId> ids);

  /// The tokens of a longer piece; empty if it is not here.
  std::span<const TokenId> find_long(std::string_view piece, uint64_t hash) const;
  void add_long(std::string_view piece, uint64_t hash, std::span<const TokenId> ids);

  size_t bytes() const;

 private:
  struct alignas(64) Set {
    Entry entries[4];
  };
  struct LongSlot {
    uint64_t hash = 0;
    uint32_t at = 0;      // of the bytes in long_bytes_
    uint32_t ids_at = 0;  // in pool_
    uint32_t size = 0;    // 0: free
    uint32_t count = 0;
  };
  static constexpr size_t kFirstSets = 256;
  static constexpr size_t kFirstLong = 256;

  size_t set_of(uint64_t hash) const { return hash & (sets_.size() - 1); }
  void place(const Entry& entry, uint64_t hash);
  void grow();
  void grow_long();
  void forget();

  size_t most_bytes_;
  std::vector<Set> sets_;
  std::vector<uint8_t> next_;  // by set: the entry that goes next
  std::vector<uint64_t> hashes_of_entries_;
  size_t entries_ = 0;
  std::vector<LongSlot> long_;
  size_t long_entries_ = 0;
  std::vector<char> long_bytes_;
  std::vector<TokenId> pool_;
};

/// The bound of each thread's cache of an encoder; it concerns caches made afterwards.
void set_piece_cache_bytes(size_t bytes);
size_t piece_cache_bytes();

}  // namespace headrace::text
