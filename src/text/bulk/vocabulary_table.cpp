#include "text/bulk/vocabulary_table.h"

#include <algorithm>
#include <random>

namespace headrace::text {

PieceHash::PieceHash() {
  std::random_device random;
  const auto word = [&] { return uint64_t{random()} << 32 | random(); };
  first_ = word();
  second_ = word();
}

namespace {

size_t long_entries(std::span<const BulkEntry> entries) {
  return static_cast<size_t>(std::ranges::count_if(entries, [](const BulkEntry& entry) { return entry.bytes.size() > PackedPiece::kLongest; }));
}

}  // namespace

VocabularyTable::VocabularyTable(std::span<const BulkEntry> entries, const PieceHash& hash)
    : buckets_(std::max<size_t>(8, (entries.size() - long_entries(entries)) * 2 / kWays), Bucket{{}, {0, 0, 0, kAbsent}}),
      long_(std::bit_ceil(long_entries(entries) * 2 + 16), LongSlot{}) {
  long_mask_ = long_.size() - 1;
  long_bytes_.reserve(long_entries(entries));
  for (const BulkEntry& entry : entries) {
    if (!entry.bytes.empty()) add(entry, hash);
  }
}

void VocabularyTable::add(const BulkEntry& entry, const PieceHash& hash) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(entry.bytes.data());
  if (entry.bytes.size() > PackedPiece::kLongest) {
    const uint64_t hashed = hash(bytes, entry.bytes.size());
    if (Slot* slot = find_long(entry.bytes, hashed)) {
      *slot = entry.id | kUnconfirmed;
      return;
    }
    size_t at = hashed & long_mask_;
    while (long_[at].index != kNone) at = (at + 1) & long_mask_;
    long_[at] = {static_cast<uint32_t>(hashed >> 32), static_cast<uint32_t>(long_bytes_.size()), entry.id | kUnconfirmed};
    long_bytes_.push_back(entry.bytes);
    return;
  }
  const PackedPiece piece = pack(entry.bytes);
  const uint64_t hashed = hash(piece);
  if (Slot* slot = find(piece, hashed)) {
    *slot = entry.id | kUnconfirmed;
    return;
  }
  Bucket* bucket = &buckets_[bucket_of(hashed)];
  for (;;) {
    for (int i = 0; i < kWays; ++i) {
      if (bucket->keys[i].high != 0) continue;
      bucket->keys[i] = piece;
      bucket->ids[i] = entry.id | kUnconfirmed;
      return;
    }
    bucket->ids[kWays] = kElsewhere;
    if (++bucket == buckets_.data() + buckets_.size()) bucket = buckets_.data();
  }
}

}  // namespace headrace::text
