#include "text/bulk/piece_cache.h"

#include <algorithm>
#include <atomic>

namespace headrace::text {
namespace {

std::atomic<size_t> cache_bytes{size_t{8} << 20};

}  // namespace

void set_piece_cache_bytes(size_t bytes) { cache_bytes.store(bytes, std::memory_order_relaxed); }
size_t piece_cache_bytes() { return cache_bytes.load(std::memory_order_relaxed); }

PieceCache::PieceCache(size_t most_bytes)
    : most_bytes_(most_bytes), sets_(kFirstSets), next_(kFirstSets), hashes_of_entries_(kFirstSets * 4), long_(kFirstLong) {}

size_t PieceCache::bytes() const {
  return sets_.size() * (sizeof(Set) + 1 + 32) + long_.size() * sizeof(LongSlot) + long_bytes_.capacity() +
         pool_.capacity() * sizeof(TokenId);
}

void PieceCache::forget() {
  std::ranges::fill(sets_, Set{});
  std::ranges::fill(long_, LongSlot{});
  entries_ = long_entries_ = 0;
  long_bytes_.clear();
  pool_.clear();
}

void PieceCache::place(const Entry& entry, uint64_t hash) {
  const size_t set = set_of(hash);
  int way = 0;
  while (way < 4 && sets_[set].entries[way].key.high != 0) ++way;
  if (way == 4) {
    way = next_[set]++ & 3;
  } else {
    ++entries_;
  }
  sets_[set].entries[way] = entry;
  hashes_of_entries_[set * 4 + static_cast<size_t>(way)] = hash;
}

void PieceCache::grow() {
  std::vector<Set> old(sets_.size() * 2);
  old.swap(sets_);
  std::vector<uint64_t> hashes(old.size() * 8);
  hashes.swap(hashes_of_entries_);
  next_.assign(sets_.size(), 0);
  entries_ = 0;
  for (size_t i = 0; i < old.size() * 4; ++i) {
    const Entry& entry = old[i / 4].entries[i % 4];
    if (entry.key.high != 0) place(entry, hashes[i]);
  }
}

void PieceCache::add(const PackedPiece& piece, uint64_t hash, std::span<const TokenId> ids) {
  if (entries_ * 4 >= sets_.size() * 4 * 3 && bytes() + sets_.size() * (sizeof(Set) + 33) < most_bytes_) grow();
  Entry entry{piece, {}};
  if (ids.size() <= 4) {
    std::copy(ids.begin(), ids.end(), entry.ids);
    entry.ids[0] |= static_cast<uint32_t>(ids.size()) << 24;
  } else {
    if (bytes() > most_bytes_) forget();
    entry.ids[0] = kPooled << 24;
    entry.ids[1] = static_cast<uint32_t>(pool_.size());
    entry.ids[2] = static_cast<uint32_t>(ids.size());
    pool_.insert(pool_.end(), ids.begin(), ids.end());
  }
  place(entry, hash);
}

std::span<const TokenId> PieceCache::find_long(std::string_view piece, uint64_t hash) const {
  for (size_t at = hash & (long_.size() - 1);; at = (at + 1) & (long_.size() - 1)) {
    const LongSlot& slot = long_[at];
    if (slot.size == 0) return {};
    if (slot.hash != hash || slot.size != piece.size()) continue;
    if (std::string_view(long_bytes_.data() + slot.at, slot.size) == piece) return {pool_.data() + slot.ids_at, slot.count};
  }
}

void PieceCache::grow_long() {
  std::vector<LongSlot> old(long_.size() * 2);
  old.swap(long_);
  for (const LongSlot& slot : old) {
    if (slot.size == 0) continue;
    size_t at = slot.hash & (long_.size() - 1);
    while (long_[at].size != 0) at = (at + 1) & (long_.size() - 1);
    long_[at] = slot;
  }
}

void PieceCache::add_long(std::string_view piece, uint64_t hash, std::span<const TokenId> ids) {
  // A piece that would take much of the room does not come again.
  if (piece.size() > 1024 || ids.empty()) return;
  if (bytes() + piece.size() * 8 > most_bytes_) forget();
  if (long_entries_ * 2 >= long_.size()) {
    if (bytes() + long_.size() * sizeof(LongSlot) > most_bytes_) {
      forget();
    } else {
      grow_long();
    }
  }
  size_t at = hash & (long_.size() - 1);
  while (long_[at].size != 0) at = (at + 1) & (long_.size() - 1);
  long_[at] = {hash, static_cast<uint32_t>(long_bytes_.size()), static_cast<uint32_t>(pool_.size()),
               static_cast<uint32_t>(piece.size()), static_cast<uint32_t>(ids.size())};
  ++long_entries_;
  long_bytes_.insert(long_bytes_.end(), piece.begin(), piece.end());
  pool_.insert(pool_.end(), ids.begin(), ids.end());
}

}  // namespace headrace::text
