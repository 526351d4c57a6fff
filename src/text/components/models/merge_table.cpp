#include "text/components/models/merge_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/thread_pool.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// Resolves merges a block at a time.
/// PERF: two look-ups a merge, each a cache miss in a large vocabulary. Hashing a block first and prefetching its
/// slots lets the misses of a block overlap. What a merge gives is in most files the token after what the one before
/// it gave, which a comparison tells without a look-up.
class Resolver {
 public:
  static constexpr size_t kBlock = 16;

  Resolver(const TokenTable& vocabulary, size_t prefix) : vocabulary_(vocabulary), prefix_(prefix) {}

  Result<void> resolve(std::span<const MergeTable::Spellings> block, uint32_t rank, MergeTable::Entry* out) {
    uint64_t hashes[kBlock][2];
    for (size_t i = 0; i < block.size(); ++i) {
      hashes[i][0] = vocabulary_.hash(block[i].first);
      hashes[i][1] = vocabulary_.hash(block[i].second);
      vocabulary_.prefetch(hashes[i][0]);
      vocabulary_.prefetch(hashes[i][1]);
    }
    for (size_t i = 0; i < block.size(); ++i) {
      const auto& [left, right] = block[i];
      if (!has_prefix(right)) {
        return fail(ErrorKind::InvalidArgument,
                    fmt::format("Merge {} (\"{}\" \"{}\"): its second part is shorter than the continuing subword prefix, or the "
                                "prefix would cut a character.", rank + i, left, right));
      }
      const auto first = vocabulary_.number(left, hashes[i][0]), second = vocabulary_.number(right, hashes[i][1]);
      if (!first || !second) return unknown(first ? right : left);
      if (!find_result(left, right.substr(prefix_))) return unknown(joined_);
      out[i] = {vocabulary_.id_at(*first), vocabulary_.id_at(*second), vocabulary_.id_at(next_ - 1)};
    }
    return {};
  }

 private:
  static std::unexpected<Error> unknown(std::string_view spelling) {
    return fail(ErrorKind::InvalidArgument, fmt::format("Token `{}` out of vocabulary", spelling), std::string(spelling));
  }

  /// Leaves in `next_` the entry after the one that both parts make.
  bool find_result(std::string_view left, std::string_view right) {
    if (next_ < vocabulary_.size()) {
      const std::string_view next = vocabulary_.spelling_at(next_);
      const bool same = next.size() == left.size() + right.size() && std::memcmp(next.data(), left.data(), left.size()) == 0 &&
                        std::memcmp(next.data() + left.size(), right.data(), right.size()) == 0;
      if (same) return ++next_;
    }
    joined_.assign(left).append(right);
    const auto number = vocabulary_.number(joined_, vocabulary_.hash(joined_));
    if (number) next_ = size_t{*number} + 1;
    return number.has_value();
  }

  bool has_prefix(std::string_view right) const {
    return prefix_ <= right.size() && (prefix_ == right.size() || !utf8::is_continuation(right[prefix_]));
  }

  const TokenTable& vocabulary_;
  size_t prefix_;
  size_t next_ = 0;  // the entry after the last result
  std::string joined_;
};

}  // namespace

Result<std::shared_ptr<const MergeTable>> MergeTable::build(const TokenTable& vocabulary, std::span<const Spellings> merges,
                                                            std::string_view continuing_subword_prefix) {
  if (merges.size() >= ~uint32_t{0}) return fail(ErrorKind::OutOfRange, "A model has at most 4294967294 merges.");
  constexpr size_t kGrain = 16384;
  std::shared_ptr<MergeTable> table(new MergeTable);
  table->merges_ = TableArray<Entry>(merges.size(), TablePages::Filled);
  std::vector<Result<void>> outcomes(merges.size() / kGrain + 1);
  ThreadPool::process().parallel_for(merges.size(), kGrain, [&](size_t first, size_t end) {
    Resolver resolver(vocabulary, continuing_subword_prefix.size());
    Result<void>& outcome = outcomes[first / kGrain];
    for (size_t begin = first; begin < end && outcome; begin += Resolver::kBlock) {
      const size_t count = std::min(Resolver::kBlock, end - begin);
      outcome = resolver.resolve(merges.subspan(begin, count), static_cast<uint32_t>(begin), table->merges_.data() + begin);
    }
  });
  for (Result<void>& outcome : outcomes) HR_CHECK(std::move(outcome));
  return table;
}

std::shared_ptr<const MergeTable> MergeTable::of(std::span<const Entry> merges) {
  TableArray<Entry> copied(merges.size());
  std::copy(merges.begin(), merges.end(), copied.begin());
  return of(std::move(copied));
}

std::shared_ptr<const MergeTable> MergeTable::of(TableArray<Entry> merges) {
  std::shared_ptr<MergeTable> table(new MergeTable);
  table->merges_ = std::move(merges);
  return table;
}

uint64_t MergeTable::hash(TokenId left, TokenId right, uint64_t seed) {
  return fold_multiply((uint64_t{left} << 32 | right) ^ seed, 0x9E3779B97F4A7C15u);
}

void MergeTable::index() const {
  size_t slots = 16;
  while (slots < merges_.size() * 3 / 2 + 1) slots *= 2;
  slots_ = TableArray<Slot>(slots, TablePages::Filled);
  mask_ = slots - 1;
  seed_ = table_seed();
  constexpr size_t kAhead = 16;
  for (uint32_t rank = 0; rank < merges_.size(); ++rank) {
    const Entry& merge = merges_[rank];
    if (rank + kAhead < merges_.size()) {
      const Entry& later = merges_[rank + kAhead];
      __builtin_prefetch(&slots_[hash(later.left, later.right, seed_) & mask_], 1);
    }
    const uint64_t key = hash(merge.left, merge.right, seed_);
    const auto tag = static_cast<uint32_t>(key >> 32);
    for (size_t at = key & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots_[at];
      const bool same = slot.rank != 0 && slot.tag == tag && merges_[slot.rank - 1].left == merge.left &&
                        merges_[slot.rank - 1].right == merge.right;
      if (slot.rank != 0 && !same) continue;
      slot = {tag, rank + 1};
      break;
    }
  }
}

std::optional<uint32_t> MergeTable::find(TokenId left, TokenId right) const {
  std::call_once(once_, [this] { index(); });
  const uint64_t key = hash(left, right, seed_);
  const auto tag = static_cast<uint32_t>(key >> 32);
  for (size_t at = key & mask_;; at = (at + 1) & mask_) {
    const Slot& slot = slots_[at];
    if (slot.rank == 0) return std::nullopt;
    if (slot.tag != tag) continue;
    const Entry& merge = merges_[slot.rank - 1];
    if (merge.left == left && merge.right == right) return slot.rank - 1;
  }
}

Result<std::shared_ptr<const MergeTable>> make_merge_table(const TokenTable& vocabulary,
                                                           std::span<const std::pair<std::string, std::string>> merges,
                                                           const std::optional<std::string>& continuing_subword_prefix) {
  std::vector<MergeTable::Spellings> spellings;
  spellings.reserve(merges.size());
  for (const auto& [left, right] : merges) spellings.push_back({left, right});
  return MergeTable::build(vocabulary, spellings, continuing_subword_prefix.value_or(""));
}

std::vector<std::pair<std::string, std::string>> entries(const MergeTable& merges, const TokenTable& vocabulary) {
  std::vector<std::pair<std::string, std::string>> list;
  const auto by_rank = merges.by_rank();
  list.reserve(by_rank.size());
  for (uint32_t rank = 0; rank < by_rank.size(); ++rank) {
    if (!merges.counts(rank)) continue;
    list.emplace_back(vocabulary.spelling(by_rank[rank].left).value_or(""), vocabulary.spelling(by_rank[rank].right).value_or(""));
  }
  return list;
}

}  // namespace headrace::text
