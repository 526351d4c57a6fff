#pragma once

#include <cstdint>

#include "text/bpe/merge.h"
#include "text/vocabulary/string_index.h"
#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// The merges of a byte-level vocabulary: pair of ids to rank and joined id. Open
/// addressing, 16 bytes a slot.
class PairTable {
 public:
  void reserve(size_t count) {
    size_t slots = 16;
    while (slots < count * 3 / 2 + 1) slots *= 2;
    slots_ = TableArray<Slot>(slots);
    mask_ = slots - 1;
    filter_ = TableArray<uint64_t>(slots / 8);  // eight bits a slot
  }

  /// At most as many pairs as were reserved for; of equal pairs the last one counts.
  void add(TokenId left, TokenId right, Merge<uint32_t> merge) {
    const uint64_t key = key_of(left, right);
    const uint64_t hash = hash_of(key);
    filter_[filter_word(hash)] |= filter_bit(hash);
    size_t at = hash & mask_;
    while (slots_[at].key != kFree && slots_[at].key != key) at = (at + 1) & mask_;
    slots_[at] = {key, merge};
  }
  /// Asks for the memory that `add` of a pair will touch.
  void prefetch(TokenId left, TokenId right) const { __builtin_prefetch(&slots_[hash_of(key_of(left, right)) & mask_], 1); }

  Merge<uint32_t> find(TokenId left, TokenId right) const {
    const uint64_t key = key_of(left, right);
    const uint64_t hash = hash_of(key);
    return may_have(hash) ? find(key, hash) : Merge<uint32_t>{};
  }

  // The same in steps, for who looks up several at a time.
  static uint64_t key_of(TokenId left, TokenId right) { return (uint64_t{left} << 32 | right) + 1; }  // never kFree
  static uint64_t hash_of(uint64_t key) { return fold_multiply(key, 0x9E3779B97F4A7C15u); }
  bool may_have(uint64_t hash) const { return (filter_[filter_word(hash)] & filter_bit(hash)) != 0; }
  void prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }
  Merge<uint32_t> find(uint64_t key, uint64_t hash) const {
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      if (slots_[at].key == key) return slots_[at].merge;
      if (slots_[at].key == kFree) return {};
    }
  }

 private:
  static constexpr uint64_t kFree = 0;
  struct Slot {
    uint64_t key;
    Merge<uint32_t> merge;
  };
  /// PERF: two pairs in three never join, and the filter, a sixteenth of the table, says so from the second cache level.
  size_t filter_word(uint64_t hash) const { return (hash & mask_) / 8; }
  static uint64_t filter_bit(uint64_t hash) { return uint64_t{1} << (hash >> 58); }

  TableArray<Slot> slots_;
  TableArray<uint64_t> filter_;
  size_t mask_ = 0;
};

}  // namespace headrace::text
