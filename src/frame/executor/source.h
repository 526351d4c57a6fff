#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "frame/expressions/bound_expression.h"

namespace headrace::frame {

/// Rows that are calculated at a time: enough that what each step costs beside them is little, few enough for the second cache level.
inline constexpr size_t kMorselRows = size_t{16} << 10;

/// Some rows on their way through a pipeline.
struct Morsel {
  /// The place of the first in the source's order: row i stands at first_row + i, before all morsels of greater numbers.
  uint64_t first_row = 0;
  Chunk chunk;
};

/// A stretch of a source that one thread at a time reads.
class SourceTask {
 public:
  virtual ~SourceTask() = default;
  /// The next rows, perhaps none of them left by conditions; nothing at the end.
  virtual Result<std::optional<Morsel>> next() = 0;
};

/// Where a pipeline's rows come from, in tasks whose numbers follow the order of rows.
class Source {
 public:
  virtual ~Source() = default;
  /// Called once, before all else.
  virtual Result<void> open() = 0;
  virtual size_t tasks() const = 0;
  /// Thread-safe. The task lives no longer than the source.
  virtual Result<std::unique_ptr<SourceTask>> begin(size_t task) = 0;
  /// No row's place is as great.
  virtual uint64_t rows() const = 0;
};

}  // namespace headrace::frame
