#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "text/bpe/merge.h"
#include "text/bpe/pair_table.h"

namespace headrace::text {

/// Joins neighbours in the order of a list of merges. Immutable once the list is in.
class PairMerger {
 public:
  void reserve(size_t count) { table_.reserve(count); }
  /// At most as many as were reserved for; of equal pairs the last one counts.
  void add(TokenId left, TokenId right, Merge<uint32_t> merge) {
    table_.add(left, right, merge);
    greatest_rank_ = std::max(greatest_rank_, merge.rank);
  }
  /// All of a list, in place of what there was.
  void add_all(std::span<const MergeIds> merges);
  const PairTable& table() const { return table_; }
  uint32_t greatest_rank() const { return greatest_rank_; }
  template <class Self, class Visit>
  static Result<void> visit_arrays(Self& self, const Visit& visit) {
    return PairTable::visit_arrays(self.table_, visit);
  }
  /// Takes arrays that a visit has put in, of so many merges; false if they make no table.
  bool adopt(size_t n_merges) {
    greatest_rank_ = static_cast<uint32_t>(n_merges);
    return table_.adopt();
  }
  Merge<uint32_t> find(TokenId left, TokenId right) const { return table_.find(left, right); }

  /// Joins until nothing can be joined: the lowest rank first, then the leftmost place.
  void merge(std::vector<Symbol>& symbols) const;
  /// The same for the ids of several pieces.
  void merge_each(std::span<ShortPiece> pieces) const;

 private:
  static constexpr size_t kFew = 48;
  void merge_few(std::vector<Symbol>& symbols) const;
  void merge_many(std::vector<Symbol>& symbols) const;
  void merge_one_by_one(std::span<ShortPiece> pieces) const;

  PairTable table_;
  uint32_t greatest_rank_ = 0;
};

}  // namespace headrace::text
