#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "frame/keys/sort_keys.h"
#include "frame/operators/piece.h"
#include "frame/spill/spilling.h"

namespace headrace::frame {

/// Rows put in order on disk: runs that are in order by themselves, which are merged a few at a time until one is left. Arrays are the
/// columns of the result, then keys, of which no two rows may have the same.
class ExternalSort {
 public:
  /// `width`: how many columns the result has.
  ExternalSort(size_t width, std::vector<SortOrder> orders, std::shared_ptr<Spilling> spilling, std::shared_ptr<MemoryBudget> budget)
      : width_(width), orders_(std::move(orders)), spilling_(std::move(spilling)), budget_(std::move(budget)) {}

  /// Takes rows, puts them in order and spills them. Thread-safe.
  Result<void> add(std::vector<Piece> pieces);
  /// After the last rows.
  Result<void> finish();

  bool is_empty() const { return runs_.empty(); }
  /// Of the result.
  size_t rows() const { return runs_.empty() ? 0 : runs_.front().begins.back(); }
  /// Rows [begin, begin + rows) of the result, which must exist. Thread-safe.
  Result<std::vector<Array>> read(size_t begin, size_t rows) const;

 private:
  struct Run {
    std::vector<SpilledRows> parts;
    std::vector<size_t> begins{0};  ///< of each part, and the end
  };
  class Merge;

  Result<Run> merged(std::span<const Run> runs, bool is_last) const;
  Result<void> append(Run& run, std::span<const Array> arrays) const;
  Result<Buffer> order_of(const std::vector<Array>& arrays, size_t rows) const;

  size_t width_;
  std::vector<SortOrder> orders_;
  std::shared_ptr<Spilling> spilling_;
  std::shared_ptr<MemoryBudget> budget_;
  std::mutex mutex_;
  std::vector<Run> runs_;
};

}  // namespace headrace::frame
