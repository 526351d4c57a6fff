#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/bpe/merge.h"
#include "text/components.h"
#include "text/components/models/token_table.h"

namespace headrace::text {

/// The merges of a BPE model as ids. Immutable; the index from pairs is made when
/// somebody first asks for it (a fast encoder makes its own and never does).
class MergeTable {
 public:
  using Entry = MergeIds;
  struct Spellings {
    std::string_view first;
    std::string_view second;
  };

  static Result<std::shared_ptr<const MergeTable>> build(const TokenTable& vocabulary, std::span<const Spellings> merges,
                                                         std::string_view continuing_subword_prefix);

  /// Of merges that are ids already.
  static std::shared_ptr<const MergeTable> of(std::span<const Entry> merges);
  static std::shared_ptr<const MergeTable> of(TableArray<Entry> merges);

  /// By rank. A pair may come twice: its last rank counts (see `counts`).
  std::span<const Entry> by_rank() const { return {merges_.data(), merges_.size()}; }
  /// The rank of a pair, or none.
  std::optional<uint32_t> find(TokenId left, TokenId right) const;
  bool counts(uint32_t rank) const { return find(merges_[rank].left, merges_[rank].right) == rank; }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t rank = 0;  // plus one; zero: free
  };
  MergeTable() = default;
  static uint64_t hash(TokenId left, TokenId right, uint64_t seed);
  void index() const;

  TableArray<Entry> merges_;
  mutable std::once_flag once_;
  mutable TableArray<Slot> slots_;
  mutable size_t mask_ = 0;
  mutable uint64_t seed_ = 0;
};

}  // namespace headrace::text
