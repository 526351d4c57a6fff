#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/components.h"
#include "text/vocabulary/string_index.h"

namespace headrace::text {

/// A seed for the hash tables of this process.
uint64_t table_seed();

/// A spelling and its id, as a file or a program gives them.
struct TokenEntry {
  std::string_view spelling;
  TokenId id = 0;
};

/// Spellings and ids of a vocabulary, both ways. Ids may have gaps and may repeat; memory
/// is proportional to the spellings, whatever the ids. Immutable.
class TokenTable {
 public:
  /// Of equal spellings the last one counts, as in a JSON object. OutOfRange when the
  /// spellings together exceed 4 GiB.
  static Result<std::shared_ptr<const TokenTable>> build(std::span<const TokenEntry> entries, uint64_t seed = table_seed());

  /// An empty one, to be filled by a visit and `adopt`.
  static std::shared_ptr<TokenTable> unfilled() { return std::shared_ptr<TokenTable>(new TokenTable); }
  /// Calls visit(array or arena), which returns a Result, for what the table consists of.
  template <class Self, class Visit>
  static Result<void> visit_arrays(Self& self, const Visit& visit) {
    HR_CHECK(visit(self.spellings_));
    HR_CHECK(visit(self.ids_));
    HR_CHECK(visit(self.by_id_));
    return visit(self.slots_);
  }
  /// Takes what a visit has put in; false if it makes no table that can be asked anything.
  bool adopt(uint64_t seed);

  /// How many spellings there are.
  size_t size() const { return spellings_.size(); }
  std::optional<TokenId> find(std::string_view spelling) const { return find(spelling, hash(spelling)); }
  /// The spelling of an id; of several, the one that was given last.
  std::optional<std::string_view> spelling(TokenId id) const;

  /// The entries in order of id: number `n` of size().
  TokenId id_at(size_t n) const { return ids_.empty() ? static_cast<TokenId>(n) : ids_[n]; }
  std::string_view spelling_at(size_t n) const { return spellings_[static_cast<uint32_t>(n)]; }
  const StringArena& spellings() const { return spellings_; }
  /// Whether entry `n` is the one that its id is spelled as.
  bool names_its_id(size_t n) const { return n + 1 == size() || id_at(n + 1) != id_at(n); }

  /// For those who look many spellings up: hash first, prefetch, then find.
  uint64_t hash(std::string_view spelling) const { return hash_bytes(spelling, seed_); }
  void prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }
  std::optional<TokenId> find(std::string_view spelling, uint64_t hash) const {
    const auto found = number(spelling, hash);
    return found ? std::optional(id_at(*found)) : std::nullopt;
  }
  /// Which entry a spelling is.
  std::optional<uint32_t> number(std::string_view spelling, uint64_t hash) const {
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.number == 0) return std::nullopt;
      if (slot.tag == tag && slot.number <= size() && spellings_[slot.number - 1] == spelling) return slot.number - 1;
    }
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t number = 0;  // plus one; zero: free
  };
  static constexpr uint32_t kNone = ~uint32_t{0};

  TokenTable() = default;
  void fill(std::span<const TokenEntry> entries);
  void index(std::span<const TokenEntry> entries, std::vector<uint32_t>& kept);
  void index_ids();

  StringArena spellings_;          // in order of id
  TableArray<TokenId> ids_;        // of the spellings; empty: 0, 1, 2, …
  TableArray<uint32_t> by_id_;     // id → number + 1; empty where ids are too sparse
  TableArray<Slot> slots_;
  size_t mask_ = 0;
  uint64_t seed_ = 0;
};

}  // namespace headrace::text
