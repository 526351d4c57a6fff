#pragma once

#include <cstdint>
#include <vector>

#include "text/vocabulary/string_index.h"

namespace headrace::text {

/// Counts of pairs of ids. Open addressing, 16 bytes a slot; grows.
class PairCounts {
 public:
  PairCounts() : slots_(1024), mask_(1023) {}

  static uint64_t key(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }

  int64_t& operator[](uint64_t key) {
    if ((used_ + 1) * 3 > slots_.size() * 2) grow();
    Slot& slot = find(key);
    if (slot.key == kFree) {
      slot.key = key;
      ++used_;
    }
    return slot.count;
  }
  /// Zero for a pair that is not there.
  int64_t at(uint64_t key) const {
    size_t at = home(key);
    while (slots_[at].key != kFree && slots_[at].key != key) at = (at + 1) & mask_;
    return slots_[at].count;
  }
  void prefetch(uint64_t key) const { __builtin_prefetch(&slots_[home(key)]); }
  size_t size() const { return used_; }
  template <class F>
  void for_each(const F& f) const {
    for (const Slot& slot : slots_) {
      if (slot.key != kFree) f(slot.key, slot.count);
    }
  }

 private:
  static constexpr uint64_t kFree = ~uint64_t{0};
  struct Slot {
    uint64_t key = kFree;
    int64_t count = 0;
  };

  size_t home(uint64_t key) const { return fold_multiply(key, 0x9E3779B97F4A7C15u) & mask_; }
  Slot& find(uint64_t key) {
    size_t at = home(key);
    while (slots_[at].key != kFree && slots_[at].key != key) at = (at + 1) & mask_;
    return slots_[at];
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.key != kFree) find(slot.key) = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t mask_;
  size_t used_ = 0;
};

}  // namespace headrace::text
