#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "frame/array.h"
#include "frame/keys/packed_keys.h"

namespace headrace::frame {

/// Which rows have the keys that are looked for; those of one key as a chain in their order. Of whole numbers in a small range a place for
/// each, of others a table with linear probing: entries of eight bytes hold a part of the hash and the first row of the chain. The table's
/// partitions are by the upper bits of hashes, slots by the middle ones, and what an entry holds of a hash are the lowest.
class JoinTable {
 public:
  /// Rows that there may be.
  static constexpr uint64_t kMostRows = UINT32_MAX - 1;

  /// Built in parallel. Rows with a null in a key are found only if `nulls_equal`. OutOfRange beyond kMostRows.
  static Result<JoinTable> make(std::vector<Array> keys, size_t rows, bool nulls_equal, std::shared_ptr<MemoryBudget> budget);

  /// For each row of other keys, of equal types, the first row that has the same, or kNoRow. Thread-safe.
  Result<void> find(std::span<const Array> keys, std::span<uint64_t> rows) const;
  /// The next row of equal keys, or kNoRow.
  uint64_t next(uint64_t row) const {
    const uint32_t next = next_.as<const uint32_t>()[row];
    return next == 0 ? UINT64_MAX : next - 1;
  }
  /// Whether several rows have equal keys.
  bool has_chains() const { return has_chains_; }

 private:
  /// A part of the entries, for hashes of some upper bits: a power of two of them, more than the rows.
  struct Partition {
    size_t first = 0;
    size_t mask = 0;
  };
  using Entry = uint64_t;

  Result<void> build_direct(std::span<const uint64_t> words);
  Result<void> build_hashed(std::span<const uint64_t> hashes);
  /// Rows by partition, those of one in their order; where each partition's end.
  Result<Buffer> partitioned(std::span<const uint64_t> hashes, std::vector<size_t>& ends) const;
  void build_partition(const Partition& partition, std::span<const uint32_t> rows, std::span<const uint64_t> hashes,
                       bool& has_chains) const;
  void find_direct(std::span<const uint64_t> words, std::span<uint64_t> rows) const;
  void find_hashed(std::span<const Array> keys, std::span<const uint64_t> words, std::span<const uint64_t> hashes,
                   std::span<uint64_t> rows) const;
  /// Hashes of the rows, kNoHash where a row is not to be found; the words of packed keys, if they are.
  Result<void> hash(std::span<const Array> keys, std::span<uint64_t> words, std::span<uint64_t> hashes) const;
  const Partition& partition_of(uint64_t hash) const { return partitions_[partition_bits_ == 0 ? 0 : hash >> (64 - partition_bits_)]; }
  bool is_same(size_t one, size_t other) const;

  std::vector<Array> keys_;
  size_t rows_ = 0;
  bool nulls_equal_ = false;
  bool has_chains_ = false;
  std::shared_ptr<MemoryBudget> budget_;
  std::optional<PackedKeys> packed_;
  Buffer words_;  ///< of rows, if they are packed
  Buffer next_;   ///< by row, one more than the next
  Buffer heads_;  ///< by word, one more than the first row: the direct way
  std::vector<Partition> partitions_;
  int partition_bits_ = 0;
  Buffer entries_;
};

}  // namespace headrace::frame
