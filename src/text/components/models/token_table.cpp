#include "text/components/models/token_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <random>

namespace headrace::text {
namespace {

constexpr size_t kBlock = 16;  // spellings that are hashed ahead of their look-up

bool ascending(std::span<const TokenEntry> entries) {
  return std::is_sorted(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
}

}  // namespace

uint64_t table_seed() {
  static const uint64_t seed = [] {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
  }();
  return seed;
}

Result<std::shared_ptr<const TokenTable>> TokenTable::build(std::span<const TokenEntry> entries, uint64_t seed) {
  size_t bytes = 0;
  for (const TokenEntry& entry : entries) bytes += entry.spelling.size();
  if (bytes > ~uint32_t{0} || entries.size() >= ~uint32_t{0}) {
    return fail(ErrorKind::OutOfRange, fmt::format("The vocabulary has {} tokens of {} bytes together; at most 4 GiB are supported.",
                                                   entries.size(), bytes));
  }
  std::shared_ptr<TokenTable> table(new TokenTable);
  table->seed_ = seed;
  if (ascending(entries)) {
    table->fill(entries);
  } else {
    std::vector<TokenEntry> sorted(entries.begin(), entries.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    // Equal spellings: the last in the order given must win, wherever its id puts it.
    std::vector<uint32_t> kept;
    table->index(entries, kept);
    if (kept.size() < entries.size()) {
      sorted.clear();
      for (const uint32_t number : kept) sorted.push_back(entries[number]);
      std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    }
    table->fill(sorted);
  }
  return table;
}

/// Notes in `kept`, in order, the entries whose spelling does not come again.
void TokenTable::index(std::span<const TokenEntry> entries, std::vector<uint32_t>& kept) {
  size_t slots = 16;
  while (slots < entries.size() * 3 / 2 + 1) slots *= 2;
  slots_ = TableArray<Slot>(slots, TablePages::Filled);
  mask_ = slots - 1;
  std::vector<uint32_t> replaced;
  uint64_t hashes[kBlock];
  for (size_t begin = 0; begin < entries.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, entries.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = hash(entries[begin + i].spelling);
      prefetch(hashes[i]);
    }
    for (size_t i = 0; i < count; ++i) {
      const auto number = static_cast<uint32_t>(begin + i);
      const auto tag = static_cast<uint32_t>(hashes[i] >> 32);
      for (size_t at = hashes[i] & mask_;; at = (at + 1) & mask_) {
        Slot& slot = slots_[at];
        if (slot.number != 0 && (slot.tag != tag || entries[slot.number - 1].spelling != entries[number].spelling)) continue;
        if (slot.number != 0) replaced.push_back(slot.number - 1);
        slot = {tag, number + 1};
        break;
      }
    }
  }
  if (replaced.empty()) {
    kept.resize(entries.size());
    std::iota(kept.begin(), kept.end(), 0);
    return;
  }
  std::sort(replaced.begin(), replaced.end());
  auto next = replaced.begin();
  for (uint32_t number = 0; number < entries.size(); ++number) {
    if (next != replaced.end() && *next == number) {
      ++next;
    } else {
      kept.push_back(number);
    }
  }
}

/// Takes entries in order of id.
void TokenTable::fill(std::span<const TokenEntry> entries) {
  std::vector<uint32_t> kept;
  index(entries, kept);
  if (kept.size() < entries.size()) {
    std::vector<TokenEntry> distinct;
    distinct.reserve(kept.size());
    for (const uint32_t number : kept) distinct.push_back(entries[number]);
    return fill(distinct);
  }
  size_t bytes = 0;
  for (const TokenEntry& entry : entries) bytes += entry.spelling.size();
  spellings_.reserve(entries.size(), bytes);
  for (const TokenEntry& entry : entries) spellings_.append(entry.spelling);
  bool counting = true;
  for (size_t n = 0; counting && n < entries.size(); ++n) counting = entries[n].id == n;
  if (counting) return;
  ids_ = TableArray<TokenId>(entries.size(), TablePages::Filled);
  for (size_t n = 0; n < entries.size(); ++n) ids_[n] = entries[n].id;
  index_ids();
}

bool TokenTable::adopt(uint64_t seed) {
  seed_ = seed;
  mask_ = slots_.size() - 1;
  if (!ids_.empty() && (ids_.size() != size() || !std::is_sorted(ids_.begin(), ids_.end()))) return false;
  if (!by_id_.empty() && ids_.empty()) return false;
  if (std::any_of(by_id_.begin(), by_id_.end(), [&](uint32_t number) { return number > size(); })) return false;
  return std::has_single_bit(slots_.size()) && ends_runs(slots_, [](const Slot& slot) { return slot.number == 0; });
}

void TokenTable::index_ids() {
  const TokenId greatest = ids_[ids_.size() - 1];
  if (greatest > ids_.size() * 4 + 1024) return;
  by_id_ = TableArray<uint32_t>(size_t{greatest} + 1);
  for (size_t n = 0; n < ids_.size(); ++n) by_id_[ids_[n]] = static_cast<uint32_t>(n + 1);
}

std::optional<std::string_view> TokenTable::spelling(TokenId id) const {
  if (ids_.empty()) {
    if (id >= size()) return std::nullopt;
    return spelling_at(id);
  }
  if (!by_id_.empty()) {
    if (id >= by_id_.size() || by_id_[id] == 0) return std::nullopt;
    return spelling_at(by_id_[id] - 1);
  }
  const auto after = std::upper_bound(ids_.begin(), ids_.end(), id);
  if (after == ids_.begin() || after[-1] != id) return std::nullopt;
  return spelling_at(static_cast<size_t>(after - ids_.begin()) - 1);
}

Result<std::shared_ptr<const TokenTable>> make_token_table(std::vector<std::pair<std::string, TokenId>> vocabulary) {
  std::vector<TokenEntry> entries;
  entries.reserve(vocabulary.size());
  for (const auto& [spelling, id] : vocabulary) entries.push_back({spelling, id});
  return TokenTable::build(entries);
}

std::vector<std::pair<std::string, TokenId>> entries(const TokenTable& vocabulary) {
  std::vector<std::pair<std::string, TokenId>> list;
  list.reserve(vocabulary.size());
  for (size_t n = 0; n < vocabulary.size(); ++n) list.emplace_back(vocabulary.spelling_at(n), vocabulary.id_at(n));
  return list;
}

}  // namespace headrace::text
