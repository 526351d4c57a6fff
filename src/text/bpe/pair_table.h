#pragma once

#include <cstdint>
#include <vector>

#include "text/bpe/merge.h"
#include "text/vocabulary/string_index.h"
#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// The merges of a vocabulary: pair of ids to rank and joined id. Lines of 64 bytes with four pairs; what
/// a full line has no room for is in the next one.
class PairTable {
 public:
  void reserve(size_t count) {
    size_t slots = 64;
    while (slots < count * 3 / 2 + 1) slots *= 2;
    lines_ = TableArray<Line>(slots / kWays, TablePages::Large);
    mask_ = lines_.size() - 1;
    filter_ = TableArray<uint64_t>(slots / 8);  // eight bits a pair
    filter_mask_ = filter_.size() - 1;
    small_.assign(kSmall * kSmall, Merge<uint32_t>{});
  }

  /// At most as many pairs as were reserved for; of equal pairs the last one counts.
  void add(TokenId left, TokenId right, Merge<uint32_t> merge) {
    const uint64_t key = key_of(left, right);
    const uint64_t hash = hash_of(key);
    filter_[hash & filter_mask_] |= filter_bit(hash);
    if (are_small(left, right)) small_[left * kSmall + right] = merge;
    for (size_t at = line_of(hash);; at = (at + 1) & mask_) {
      for (int i = 0; i < kWays; ++i) {
        Line& line = lines_[at];
        if (line.keys[i] != kFree && line.keys[i] != key) continue;
        line.keys[i] = key;
        line.merges[i] = merge;
        return;
      }
    }
  }
  /// Asks for the memory that `add` or `find` of a pair will touch.
  void prefetch(TokenId left, TokenId right) const {
    const uint64_t hash = hash_of(key_of(left, right));
    __builtin_prefetch(&filter_[hash & filter_mask_]);
    prefetch(hash);
  }

  /// PERF: two pairs in three never join, and the filter, a sixteenth of the table, says so from the second cache level.
  Merge<uint32_t> find(TokenId left, TokenId right) const {
    const uint64_t key = key_of(left, right);
    const uint64_t hash = hash_of(key);
    return filter_[hash & filter_mask_] & filter_bit(hash) ? find(key, hash) : Merge<uint32_t>{};
  }

  /// PERF: pairs of the lowest ids, which are most vocabularies' bytes: what every piece begins with. Few of them
  /// occur, so these stay near.
  static bool are_small(TokenId left, TokenId right) { return (left | right) < kSmall; }
  Merge<uint32_t> find_small(TokenId left, TokenId right) const { return small_[left * kSmall + right]; }

  // The same in steps, for who looks up several at a time.
  static uint64_t key_of(TokenId left, TokenId right) { return (uint64_t{left} << 32 | right) + 1; }  // never kFree
  static uint64_t hash_of(uint64_t key) { return fold_multiply(key, 0x9E3779B97F4A7C15u); }
  void prefetch(uint64_t hash) const { __builtin_prefetch(&lines_[line_of(hash)]); }
  Merge<uint32_t> find(uint64_t key, uint64_t hash) const {
    for (size_t at = line_of(hash);; at = (at + 1) & mask_) {
      const Line& line = lines_[at];
      unsigned found = 0;
      for (int i = 0; i < kWays; ++i) found |= static_cast<unsigned>(line.keys[i] == key) << i;
      if (found) return line.merges[__builtin_ctz(found)];
      if (line.keys[kWays - 1] == kFree) return {};
    }
  }

 private:
  static constexpr uint64_t kFree = 0;
  static constexpr int kWays = 4;
  static constexpr uint32_t kSmall = 256;
  struct alignas(64) Line {
    uint64_t keys[kWays];
    Merge<uint32_t> merges[kWays];
  };
  size_t line_of(uint64_t hash) const { return (hash >> 20) & mask_; }
  static uint64_t filter_bit(uint64_t hash) { return uint64_t{1} << (hash >> 58); }

  TableArray<Line> lines_{1};
  size_t mask_ = 0;
  TableArray<uint64_t> filter_{1};
  size_t filter_mask_ = 0;
  std::vector<Merge<uint32_t>> small_;
};

}  // namespace headrace::text
