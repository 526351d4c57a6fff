#include "text/bulk/vocabulary_table.h"

#include <algorithm>
#include <random>

namespace headrace::text {

namespace {

uint64_t random_word() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

}  // namespace

PieceHash::PieceHash() : PieceHash(random_word(), random_word()) {}

PieceHash::PieceHash(uint64_t first, uint64_t second)
    : first_(first), second_(second), long_first_(random_word()), long_second_(random_word()) {}

namespace {

size_t long_entries(std::span<const BulkEntry> entries) {
  return static_cast<size_t>(std::ranges::count_if(entries, [](const BulkEntry& entry) { return entry.bytes.size() > PackedPiece::kLongest; }));
}

}  // namespace

/// PERF: entries are taken sixteen at a time, so that the lines of a batch come while others are waited for.
VocabularyTable::VocabularyTable(std::span<const BulkEntry> entries, const PieceHash& hash, std::span<const uint8_t> whole) {
  const size_t n_long = long_entries(entries);
  buckets_ = TableArray<Bucket>(std::max<size_t>(8, (entries.size() - n_long) * 2 / kWays), TablePages::Large);
  for (Bucket& bucket : buckets_) bucket.ids[kWays] = kAbsent;
  long_ = TableArray<LongSlot>(std::bit_ceil(n_long * 2 + 16));
  long_mask_ = long_.size() - 1;
  long_bytes_.reserve(n_long);
  constexpr size_t kBatch = 16;
  PackedPiece pieces[kBatch];
  uint64_t hashes[kBatch];
  for (size_t first = 0; first < entries.size(); first += kBatch) {
    const std::span<const BulkEntry> batch = entries.subspan(first, std::min(kBatch, entries.size() - first));
    for (size_t i = 0; i < batch.size(); ++i) {
      const std::string_view bytes = batch[i].bytes;
      if (bytes.size() > PackedPiece::kLongest) {
        hashes[i] = hash(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
        continue;
      }
      pieces[i] = pack(bytes);
      hashes[i] = hash(pieces[i]);
      __builtin_prefetch(&buckets_[bucket_of(hashes[i])], 1);
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      const TokenId id = batch[i].id;
      const uint32_t value = id < whole.size() && whole[id] ? id : id | kUnconfirmed;
      if (batch[i].bytes.size() > PackedPiece::kLongest) {
        add_long(batch[i].bytes, hashes[i], value);
      } else if (!batch[i].bytes.empty()) {
        add_short(pieces[i], hashes[i], value);
      }
    }
  }
}

VocabularyTable::VocabularyTable(const Ready& ready, const PieceHash& hash)
    : buckets_(ready.buckets), long_(std::bit_ceil(size_t{ready.long_entries.size()} * 2 + 16)), long_mask_(long_.size() - 1) {
  long_bytes_.reserve(ready.long_entries.size());
  for (uint32_t i = 0; i < ready.long_entries.size(); ++i) {
    const std::string_view bytes = ready.long_entries[i];
    add_long(bytes, hash(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()), ready.long_values[i]);
  }
}

VocabularyTable::Ready VocabularyTable::ready() const {
  Ready ready{buckets_, {}, TableArray<uint32_t>(long_bytes_.size())};
  for (const std::string_view bytes : long_bytes_) ready.long_entries.append(bytes);
  for (const LongSlot& slot : long_) {
    if (slot.number != 0) ready.long_values[slot.number - 1] = slot.id;
  }
  return ready;
}

bool VocabularyTable::Ready::is_sound() const {
  return !buckets.empty() && long_values.size() == long_entries.size() && ends_runs(buckets, [](const Bucket& bucket) { return bucket.ids[kWays] == kAbsent; });
}

void VocabularyTable::add_long(std::string_view piece, uint64_t hash, uint32_t value) {
  if (Slot* slot = find_long(piece, hash)) {
    *slot = value;
    return;
  }
  size_t at = hash & long_mask_;
  while (long_[at].number != 0) at = (at + 1) & long_mask_;
  long_bytes_.push_back(piece);
  long_[at] = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(long_bytes_.size()), value};
}

void VocabularyTable::add_short(const PackedPiece& piece, uint64_t hash, uint32_t value) {
  if (Slot* slot = find(piece, hash)) {
    *slot = value;
    return;
  }
  for (Bucket* bucket = &buckets_[bucket_of(hash)];;) {
    for (int i = 0; i < kWays; ++i) {
      if (bucket->keys[i].high != 0) continue;
      bucket->keys[i] = piece;
      bucket->ids[i] = value;
      return;
    }
    bucket->ids[kWays] = kElsewhere;
    if (++bucket == buckets_.end()) bucket = buckets_.begin();
  }
}

}  // namespace headrace::text
