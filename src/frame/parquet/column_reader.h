#pragma once

#include <memory>
#include <vector>

#include "frame/array_builder.h"
#include "frame/parquet/leaf.h"
#include "frame/parquet/page_reader.h"
#include "frame/parquet/run_decoder.h"
#include "frame/parquet/value_decoder.h"

namespace headrace::frame::parquet {

/// Reads a column chunk as arrays of as many rows as one asks for.
class ColumnReader {
 public:
  ColumnReader(const File& file, const Leaf& leaf, const ColumnChunk& chunk, std::shared_ptr<MemoryBudget> budget);

  /// The next `rows` rows. InvalidData if the chunk has not so many, or is broken.
  Result<Array> read(size_t rows);
  /// Of the next `rows` rows those of these numbers, which rise.
  Result<Array> read_some(size_t rows, std::span<const uint64_t> numbers);
  /// Passes over rows: pages that have none to be read are not unpacked.
  Result<void> skip(uint64_t rows);

 private:
  struct Output;

  Result<void> next_page();
  Result<void> set_dictionary(Page page);
  Result<void> read_levels();
  Result<void> read_flat(size_t rows, Output& out);
  Result<void> read_some_flat(size_t rows, std::span<const uint64_t> numbers, Output& out);
  Result<void> read_some_values(size_t slots, std::span<const uint64_t> numbers, uint64_t first, Output& out);
  Result<Array> finish(Output& out) const;
  Result<void> read_nested(size_t rows, Output& out);
  /// Reads the values of `slots` slots, of which `present` are not null.
  Result<void> read_values(size_t slots, size_t present, Output& out);
  Result<Array> lists_of(Array items, const Output& out) const;
  uint32_t block_of_page(Output& out);

  const Leaf& leaf_;
  std::shared_ptr<MemoryBudget> budget_;
  PageReader pages_;
  int64_t values_left_;  // of the chunk, not in pages that were read
  std::unique_ptr<Dictionary> dictionary_;

  Page page_;
  size_t page_number_ = 0;
  std::unique_ptr<ValueDecoder> decoder_;
  size_t page_left_ = 0;  // values, or entries of levels, of the page
  RunDecoder definitions_;
  std::vector<uint32_t> definition_levels_, repetition_levels_;  // of lists: of the whole page
  size_t level_ = 0;
  std::vector<std::byte> decoded_;
  std::vector<uint32_t> wanted_;  // numbers of values, nulls not counted
};

}  // namespace headrace::frame::parquet
