#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "text/bulk/packed_piece.h"
#include "text/tokenizer.h"
#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// An entry of a vocabulary as it stands in a text.
struct BulkEntry {
  std::string_view bytes;
  TokenId id = 0;
};

/// Every entry of a vocabulary by its bytes, for all threads. Whether a piece that is spelled
/// like an entry is encoded as that entry alone is learnt when the entry is first met:
/// every thread would find the same answer, so relaxed stores are enough.
///
/// PERF: nine pieces in ten are one entry and cost one cache line: three keys of 16 bytes with
/// their ids. Entries go in by ascending id, so that what is frequent is in its own line.
class VocabularyTable {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static constexpr uint32_t kUnconfirmed = uint32_t{1} << 31;
  /// With kUnconfirmed: merges give something else, but a whole piece is this entry (ignore_merges).
  static constexpr uint32_t kOnlyWhole = uint32_t{1} << 30;
  static constexpr uint32_t kIdMask = 0x00FFFFFF;
  static constexpr TokenId kGreatestId = kIdMask - 1;

  /// The bytes must outlive the table. Of equal entries the last counts. `whole`, by id, says which entries are
  /// known to be encoded as themselves; ids beyond its end are not.
  VocabularyTable(std::span<const BulkEntry> entries, const PieceHash& hash, std::span<const uint8_t> whole);

  /// A table as a file holds it: long entries are few, and put into a table of their own in every process, whose hash
  /// nobody knows.
  struct Ready;
  /// Only the owner of its arrays must outlive the table, which the table sees to.
  VocabularyTable(const Ready& ready, const PieceHash& hash);
  Ready ready() const;

  /// Where a table keeps the id of an entry, with kUnconfirmed, or kNone where the piece is
  /// known to be more than one token.
  using Slot = uint32_t;

  /// Answers of `probe` beside ids: not here, or to be looked for further on.
  static constexpr uint32_t kAbsent = kNone - 1;
  static constexpr uint32_t kElsewhere = kNone - 2;

  void prefetch(uint64_t hash) const { __builtin_prefetch(&buckets_[bucket_of(hash)]); }
  void prefetch_long(uint64_t hash) const { __builtin_prefetch(&long_[hash & long_mask_]); }

  /// The id of a piece that is in its own line, or a value with kUnconfirmed set.
  ///
  /// PERF: no branch depends on which of the three entries it is.
  uint32_t probe(const PackedPiece& piece, uint64_t hash) const {
    const Bucket& bucket = buckets_[bucket_of(hash)];
    const uint32_t* ids = bucket.ids;
    return __atomic_load_n(ids + __builtin_ctz(matches(bucket, piece) | 1u << kWays), __ATOMIC_RELAXED);
  }

  /// The slot of a piece, or null.
  Slot* find(const PackedPiece& piece, uint64_t hash) {
    Bucket* bucket = &buckets_[bucket_of(hash)];
    for (;;) {
      if (const unsigned match = matches(*bucket, piece)) return &bucket->ids[std::countr_zero(match)];
      if (bucket->ids[kWays] == kAbsent) return nullptr;
      if (++bucket == buckets_.end()) bucket = buckets_.begin();
    }
  }
  Slot* find_long(std::string_view piece, uint64_t hash) {
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t at = hash & long_mask_;; at = (at + 1) & long_mask_) {
      LongSlot& slot = long_[at];
      if (slot.number == 0) return nullptr;
      if (slot.tag == tag && long_bytes_[slot.number - 1] == piece) return &slot.id;
    }
  }

  /// Whether a value is an entry's id with its flags.
  static bool is_entry(uint32_t value) { return (value & 0x3F000000) == 0; }

  static uint32_t load(Slot* slot) { return std::atomic_ref<uint32_t>(*slot).load(std::memory_order_relaxed); }
  static void store(Slot* slot, uint32_t value) { std::atomic_ref<uint32_t>(*slot).store(value, std::memory_order_relaxed); }

  size_t bytes() const { return buckets_.size() * sizeof(Bucket) + long_.size() * sizeof(LongSlot) + long_bytes_.size() * 16; }

 private:
  static constexpr int kWays = 3;
  struct alignas(64) Bucket {
    PackedPiece keys[kWays];
    uint32_t ids[kWays + 1];  // after those of the keys: whether there are more in the next bucket
  };
  struct LongSlot {
    uint32_t tag;
    uint32_t number;  // of long_bytes_, plus one; zero: free
    uint32_t id;
  };

  size_t bucket_of(uint64_t hash) const { return (hash >> 32) * buckets_.size() >> 32; }

  static unsigned matches(const Bucket& bucket, const PackedPiece& piece) {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set_epi64x(static_cast<long long>(piece.high), static_cast<long long>(piece.low));
    const auto equals = [&](int i) {
      const __m128i key = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket.keys[i]));
      return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(key, wanted)) == 0xFFFF);
    };
    return equals(0) | equals(1) << 1 | equals(2) << 2;
#else
    unsigned found = 0;
    for (int i = 0; i < kWays; ++i) found |= static_cast<unsigned>(bucket.keys[i] == piece) << i;
    return found;
#endif
  }

  void add_short(const PackedPiece& piece, uint64_t hash, uint32_t value);
  void add_long(std::string_view piece, uint64_t hash, uint32_t value);

  TableArray<Bucket> buckets_;
  TableArray<LongSlot> long_;
  size_t long_mask_ = 0;
  std::vector<std::string_view> long_bytes_;
};

struct VocabularyTable::Ready {
  TableArray<Bucket> buckets;
  StringArena long_entries;
  TableArray<uint32_t> long_values;  ///< their ids, with flags

  /// Whether every look-up ends.
  bool is_sound() const;
};

}  // namespace headrace::text
