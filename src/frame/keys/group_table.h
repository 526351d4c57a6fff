#pragma once

#include <deque>

#include "frame/columns/growing_vector.h"
#include "frame/keys/key_batch.h"

namespace headrace::frame {

/// Numbers for different keys, in the order in which they come: a hash table with linear probing, of whose entries the upper half is that
/// of the hash and
/// the lower the number; a key is looked at where the upper half agrees.
class GroupTable {
 public:
  GroupTable(std::shared_ptr<const KeyLayout> layout, std::shared_ptr<MemoryBudget> budget);

  size_t size() const { return hashes_.size(); }
  const KeyLayout& layout() const { return *layout_; }
  /// The number of each row's key. OutOfMemory, of the budget.
  Result<void> find(const KeyBatch& batch, std::span<uint32_t> groups);
  const GrowingVector<uint64_t>& hashes() const { return hashes_; }
  /// Nothing is found any more: what batch_of() and columns() read is put together once.
  Result<void> seal();
  /// The keys of some numbers, as a batch. Of a sealed one.
  Result<void> batch_of(std::span<const uint64_t> groups, KeyBatch& batch) const;
  /// Key columns, a row for each number.
  Result<std::vector<Array>> columns() const;

 private:
  /// Bytes of a group's key: of the columns' blocks, that the table keeps, or its own.
  struct Bytes {
    const char* data;
    uint64_t size;
  };

  Result<void> reserve(size_t groups);
  template <class IsEqual, class Insert>
  Result<void> find_all(const KeyBatch& batch, std::span<uint32_t> groups, const IsEqual& is_equal, const Insert& insert);
  Result<void> keep_bytes(const KeyBatch& batch, std::span<const uint64_t> fresh);
  Result<Bytes> own(std::string_view bytes);

  std::shared_ptr<const KeyLayout> layout_;
  std::shared_ptr<MemoryBudget> budget_;
  GrowingVector<uint64_t> slots_;
  size_t mask_ = 0;
  GrowingVector<uint64_t> hashes_;
  GrowingVector<uint64_t> words_;
  GrowingVector<uint8_t> nulls_;
  GrowingVector<Bytes> bytes_;
  std::vector<Buffer> blocks_;  ///< of encoded rows
  size_t block_used_ = 0;
  std::vector<std::vector<Array>> pieces_;  ///< key columns of what is not words, as they came
  std::vector<Array> sealed_;               ///< what pieces_ were
};

}  // namespace headrace::frame
