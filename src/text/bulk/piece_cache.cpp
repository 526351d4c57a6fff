#include "text/bulk/piece_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace headrace::text {
namespace {

/// Four megabytes, so that no call of a few kilobytes waits until all is moved to a larger place.
size_t lines_at_first(size_t most_bytes) { return std::bit_floor(std::clamp<size_t>(most_bytes / 128, 16, 65536)); }

}  // namespace

PieceCache::PieceCache(size_t most_bytes, const PieceHash& hash)
    : most_bytes_(most_bytes), hash_(hash), long_(kFirstLong) {
  size_t lines = lines_at_first(most_bytes);
  if (!reservation_.raise_to(bytes() + lines * sizeof(Line))) lines = lines_at_first(0);
  lines_ = TableArray<Line>(lines, TablePages::Large);
  reservation_.force_to(bytes());
}

size_t PieceCache::bytes() const {
  return lines_.size() * sizeof(Line) + long_.size() * sizeof(LongSlot) + long_bytes_.capacity() + pool_.capacity() * sizeof(TokenId);
}

/// Whether there may be so many bytes more than now; they count as in use then.
bool PieceCache::may_grow(size_t more) { return bytes() + more <= most_bytes_ && reservation_.raise_to(bytes() + more); }

template <class T>
bool PieceCache::make_room(std::vector<T>& list, size_t more) {
  if (list.capacity() - list.size() >= more) return true;
  const size_t capacity = std::max(list.size() + more, list.capacity() * 2);
  if (!may_grow((capacity - list.capacity()) * sizeof(T))) return false;
  list.reserve(capacity);
  return true;
}

void PieceCache::forget() {
  std::ranges::fill(lines_, Line{});
  std::ranges::fill(long_, LongSlot{});
  entries_ = long_entries_ = 0;
  long_bytes_.clear();
  pool_.clear();
}

/// A free entry of the piece's two lines; else one of the first line that is not needed most: a single
/// token is found again in the vocabulary, several are merged again.
PieceCache::Place PieceCache::room_for(uint64_t hash) {
  const size_t first = line_of(hash);
  for (const size_t candidate : {first, first ^ 1}) {
    Line& line = lines_[candidate];
    for (int i = 0; i < 2; ++i) {
      if (line.keys[i].high != 0) continue;
      ++entries_;
      return {&line, i};
    }
  }
  for (const size_t candidate : {first, first ^ 1}) {
    Line& line = lines_[candidate];
    for (int i = 0; i < 2; ++i) {
      const auto entry = static_cast<int>(next_++ & 1);
      if (line.ids[entry][0] >> 24 == 1) return {&line, entry};
    }
  }
  return {&lines_[first], static_cast<int>(next_++ & 1)};
}

void PieceCache::grow() {
  TableArray<Line> old(lines_.size() * 2, TablePages::Large);
  std::swap(old, lines_);
  entries_ = 0;
  for (const Line& line : old) {
    for (int i = 0; i < 2; ++i) {
      PackedPiece piece = line.keys[i];
      if (piece.high == 0) continue;
      piece.high &= ~kPart;
      const Place place = room_for(hash_(piece));
      place.line->keys[place.entry] = line.keys[i];
      std::copy_n(line.ids[i], 4, place.line->ids[place.entry]);
    }
  }
}

std::optional<std::span<const TokenId>> PieceCache::find(const PackedPiece& piece, uint64_t hash) {
  const size_t line = line_of(hash);
  for (const size_t candidate : {line, line ^ 1}) {
    for (int i = 0; i < 2; ++i) {
      if (lines_[candidate].keys[i] != piece) continue;
      const uint32_t* ids = lines_[candidate].ids[i];
      const uint32_t count = ids[0] >> 24;
      if (count == 0) return std::span(pool_).subspan(ids[1], ids[2]);
      std::copy_n(ids, 4, found_);
      found_[0] &= kIdMask;
      return std::span(found_, count);
    }
  }
  return std::nullopt;
}

void PieceCache::add(const PackedPiece& piece, uint64_t hash, std::span<const TokenId> ids) {
  // A third full: of thirty pieces one is not in its own line then.
  if (entries_ * 3 >= lines_.size() * 2 && may_grow(lines_.size() * sizeof(Line))) grow();
  uint32_t kept[4] = {};
  if (!ids.empty() && ids.size() <= 4) {
    std::copy(ids.begin(), ids.end(), kept);
    kept[0] |= static_cast<uint32_t>(ids.size()) << 24;
  } else {
    if (!make_room(pool_, ids.size())) {
      forget();
      if (!make_room(pool_, ids.size())) return;
    }
    kept[1] = static_cast<uint32_t>(pool_.size());
    kept[2] = static_cast<uint32_t>(ids.size());
    pool_.insert(pool_.end(), ids.begin(), ids.end());
  }
  const Place place = room_for(hash);
  place.line->keys[place.entry] = piece;
  std::copy_n(kept, 4, place.line->ids[place.entry]);
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
  const auto make_rooms = [&] { return make_room(long_bytes_, piece.size()) && make_room(pool_, ids.size()); };
  if (!make_rooms()) {
    forget();
    if (!make_rooms()) return;
  }
  if (long_entries_ * 2 >= long_.size()) {
    if (may_grow(long_.size() * sizeof(LongSlot))) {
      grow_long();
    } else {
      forget();
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

PieceCache& PieceCaches::of(uint64_t owner, const PieceHash& hash) {
  const size_t share = cache_share();
  if (!is_room_for(0)) caches_.clear();
  std::erase_if(caches_, [share](const Owned& owned) { return owned.cache->most_bytes() != share; });  // the limit is another now
  const auto found = std::ranges::find(caches_, owner, &Owned::owner);
  if (found == caches_.end()) {
    if (caches_.size() == kMost) caches_.pop_back();
    while (!caches_.empty() && !is_room_for(share)) caches_.pop_back();
    caches_.insert(caches_.begin(), {owner, std::make_unique<PieceCache>(cache_share(), hash)});
  } else if (found != caches_.begin()) {
    std::rotate(caches_.begin(), found, found + 1);
  }
  return *caches_.front().cache;
}

}  // namespace headrace::text
