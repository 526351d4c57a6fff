#pragma once

#include <bit>
#include <cstdint>

#include "base/error.h"
#include "text/bpe/merge.h"
#include "text/vocabulary/string_index.h"
#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// The merges of a vocabulary: pair of ids to rank and joined id. Lines of 64 bytes with four pairs; what
/// a full line has no room for is in the next one, and the line says so.
class PairTable {
 public:
  static constexpr uint64_t kFree = 0;
  static constexpr int kWays = 4;
  static constexpr uint32_t kSmall = 256;
  /// What a pair joins to; zeros: nothing.
  struct Join {
    static constexpr uint32_t kIdMask = 0x7FFFFFFF;
    uint32_t inverted_rank;
    uint32_t id_and_flag;
    TokenId id() const { return id_and_flag & kIdMask; }
    Merge<uint32_t> merge() const { return {~inverted_rank, id()}; }
  };
  struct alignas(64) Line {
    uint64_t keys[kWays];
    Join joins[kWays];
    /// Whether pairs of this line are in the next one. PERF: two pairs in three that are looked for are none, and most
    /// full lines have no more.
    bool goes_on() const { return joins[kWays - 1].id_and_flag >> 31; }
    void set_goes_on() { joins[kWays - 1].id_and_flag |= uint32_t{1} << 31; }
  };
  /// What a kernel sees of the table: its lines, and the joins of pairs of ids below kSmall.
  struct View {
    const Line* lines;
    size_t count;
    const Join* small;
    size_t line_of(uint64_t hash) const { return (hash >> 32) * count >> 32; }
  };
  View view() const { return {lines_.data(), lines_.size(), small_.data()}; }

  void reserve(size_t count) {
    size_t slots = 64;
    while (slots < count * 3 / 2 + 1) slots *= 2;
    lines_ = TableArray<Line>((count * 2 + 64) / kWays, TablePages::Large);
    filter_ = TableArray<uint64_t>(slots / 8, TablePages::Filled);  // eight bits a pair
    filter_mask_ = filter_.size() - 1;
    small_ = TableArray<Join>(kSmall * kSmall);
  }

  /// At most as many pairs as were reserved for; of equal pairs the last one counts.
  void add(TokenId left, TokenId right, Merge<uint32_t> merge) {
    const uint64_t key = key_of(left, right);
    const uint64_t hash = hash_of(key);
    filter_[hash & filter_mask_] |= filter_bit(hash);
    const Join join{~merge.rank, merge.id};
    if (are_small(left, right)) small_[left * kSmall + right] = join;
    for (size_t at = line_of(hash);; at = after(at)) {
      for (int i = 0; i < kWays; ++i) {
        Line& line = lines_[at];
        if (line.keys[i] != kFree && line.keys[i] != key) continue;
        const bool goes_on = line.goes_on();
        line.keys[i] = key;
        line.joins[i] = join;
        if (goes_on) line.set_goes_on();
        return;
      }
      lines_[at].set_goes_on();
    }
  }

  /// PERF: two pairs in three never join, and the filter, a sixteenth of the table, says so from the second cache level.
  Merge<uint32_t> find(TokenId left, TokenId right) const {
    const uint64_t key = key_of(left, right);
    const uint64_t hash = hash_of(key);
    return may_have(hash) ? find(key, hash) : Merge<uint32_t>{};
  }

  /// PERF: pairs of the lowest ids, which are most vocabularies' bytes: what every piece begins with. Few of them
  /// occur, so these stay near.
  static bool are_small(TokenId left, TokenId right) { return (left | right) < kSmall; }
  Merge<uint32_t> find_small(TokenId left, TokenId right) const { return small_[left * kSmall + right].merge(); }

  /// What kernels ask the first line for in the place of a pair: no ids have it.
  static constexpr uint64_t kNoPair = ~uint64_t{0};

  // The same in steps, for who looks up several at a time.
  static uint64_t key_of(TokenId left, TokenId right) { return (uint64_t{left} << 32 | right) + 1; }
  static uint64_t hash_of(uint64_t key) { return fold_multiply(key, 0x9E3779B97F4A7C15u); }
  bool may_have(uint64_t hash) const { return (filter_[hash & filter_mask_] & filter_bit(hash)) != 0; }
  void prefetch(uint64_t hash) const { __builtin_prefetch(&lines_[line_of(hash)]); }
  Merge<uint32_t> find(uint64_t key, uint64_t hash) const {
    for (size_t at = line_of(hash);; at = after(at)) {
      const Line& line = lines_[at];
      unsigned found = 0;
      for (int i = 0; i < kWays; ++i) found |= static_cast<unsigned>(line.keys[i] == key) << i;
      if (found) return line.joins[__builtin_ctz(found)].merge();
      if (!line.goes_on()) return {};
    }
  }

  /// Calls visit(array), which returns a Result, for what the table consists of.
  template <class Self, class Visit>
  static Result<void> visit_arrays(Self& self, const Visit& visit) {
    HR_CHECK(visit(self.lines_));
    HR_CHECK(visit(self.filter_));
    return visit(self.small_);
  }
  /// Takes the arrays that a visit has put in; false if they make no table in which every look-up ends, and that for no pair finds none.
  bool adopt() {
    if (lines_.size() >> 32 || !std::has_single_bit(filter_.size()) || small_.size() != kSmall * kSmall) return false;
    filter_mask_ = filter_.size() - 1;
    return ends_runs(lines_, [](const Line& line) { return !line.goes_on(); }) && lacks_no_pair();
  }

 private:
  size_t line_of(uint64_t hash) const { return (hash >> 32) * lines_.size() >> 32; }
  size_t after(size_t line) const { return line + 1 == lines_.size() ? 0 : line + 1; }
  bool lacks_no_pair() const {
    for (size_t at = 0;; at = after(at)) {
      for (const uint64_t key : lines_[at].keys) {
        if (key == kNoPair) return false;
      }
      if (!lines_[at].goes_on()) return true;
    }
  }
  static uint64_t filter_bit(uint64_t hash) { return uint64_t{1} << (hash >> 58); }

  TableArray<Line> lines_{1};
  TableArray<uint64_t> filter_{1};
  size_t filter_mask_ = 0;
  TableArray<Join> small_;
};

}  // namespace headrace::text
