#include "text/components/models/merge_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// Resolves merges a block at a time.
/// PERF: three look-ups a merge, each a cache miss in a large vocabulary. Hashing a block
/// first and prefetching its slots lets the misses of a block overlap.
class Resolver {
 public:
  static constexpr size_t kBlock = 16;

  Resolver(const TokenTable& vocabulary, size_t prefix) : vocabulary_(vocabulary), prefix_(prefix) {}

  Result<void> resolve(std::span<const MergeTable::Spellings> block, uint32_t rank, std::vector<MergeTable::Entry>& out) {
    joined_.clear();
    for (size_t i = 0; i < block.size(); ++i) {
      const auto& [left, right] = block[i];
      if (!has_prefix(right)) {
        return fail(ErrorKind::InvalidArgument,
                    fmt::format("Merge {} (\"{}\" \"{}\"): its second part is shorter than the continuing subword prefix, or the "
                                "prefix would cut a character.", rank + i, left, right));
      }
      const size_t begin = joined_.size();
      joined_.append(left).append(right.substr(prefix_));
      ends_[i] = {begin, joined_.size() - begin};
    }
    for (size_t i = 0; i < block.size(); ++i) {
      const std::string_view parts[3] = {block[i].first, block[i].second, joined(i)};
      for (size_t part = 0; part < 3; ++part) {
        hashes_[i][part] = vocabulary_.hash(parts[part]);
        vocabulary_.prefetch(hashes_[i][part]);
      }
    }
    for (size_t i = 0; i < block.size(); ++i) {
      const std::string_view parts[3] = {block[i].first, block[i].second, joined(i)};
      TokenId ids[3];
      for (size_t part = 0; part < 3; ++part) {
        const auto id = vocabulary_.find(parts[part], hashes_[i][part]);
        if (!id) {
          return fail(ErrorKind::InvalidArgument, fmt::format("Token `{}` out of vocabulary", parts[part]), std::string(parts[part]));
        }
        ids[part] = *id;
      }
      out.push_back({ids[0], ids[1], ids[2]});
    }
    return {};
  }

 private:
  std::string_view joined(size_t i) const { return std::string_view(joined_).substr(ends_[i].first, ends_[i].second); }
  bool has_prefix(std::string_view right) const {
    return prefix_ <= right.size() && (prefix_ == right.size() || !utf8::is_continuation(right[prefix_]));
  }

  const TokenTable& vocabulary_;
  size_t prefix_;
  std::string joined_;
  std::pair<size_t, size_t> ends_[kBlock];
  uint64_t hashes_[kBlock][3];
};

}  // namespace

Result<std::shared_ptr<const MergeTable>> MergeTable::build(const TokenTable& vocabulary, std::span<const Spellings> merges,
                                                            std::string_view continuing_subword_prefix) {
  if (merges.size() >= ~uint32_t{0}) return fail(ErrorKind::OutOfRange, "A model has at most 4294967294 merges.");
  std::shared_ptr<MergeTable> table(new MergeTable);
  table->merges_.reserve(merges.size());
  Resolver resolver(vocabulary, continuing_subword_prefix.size());
  for (size_t begin = 0; begin < merges.size(); begin += Resolver::kBlock) {
    const size_t count = std::min(Resolver::kBlock, merges.size() - begin);
    HR_CHECK(resolver.resolve(merges.subspan(begin, count), static_cast<uint32_t>(begin), table->merges_));
  }
  return table;
}

std::shared_ptr<const MergeTable> MergeTable::of(std::vector<Entry> merges) {
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
  slots_.assign(slots, Slot{});
  mask_ = slots - 1;
  seed_ = table_seed();
  for (uint32_t rank = 0; rank < merges_.size(); ++rank) {
    const Entry& merge = merges_[rank];
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
  std::vector<MergeTable::Spellings> spellings(merges.begin(), merges.end());
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
