#pragma once

#include <optional>

#include "base/file.h"
#include "frame/parquet/metadata.h"

namespace headrace::frame::parquet {

/// A page as it lies in memory: levels, then values.
struct Page {
  PageHeader header;
  Buffer bytes;  ///< unpacked, or longer
  std::span<const std::byte> repetition_levels, definition_levels, values;
};

/// Reads the pages of a column chunk one after the other: no more than one of them, and a window of the file, is in memory.
class PageReader {
 public:
  /// `keeps_pages`: pages stay valid after the next one was read, as views into them need it.
  PageReader(const File& file, const ColumnChunk& chunk, bool keeps_pages, std::shared_ptr<MemoryBudget> budget);

  /// The next page, of a kind that is known. InvalidData at the end of the chunk, or if the page is broken.
  Result<Page> next(int greatest_repetition, int greatest_definition);
  /// Passes over the next page, without unpacking it, if it is one of data with at most so many values: how many it had. 0 if it is none.
  Result<size_t> skip(size_t most);

 private:
  Result<PageHeader> read_header();
  Result<Buffer> memory_for_page(size_t bytes);
  /// `size` bytes at the place that is read next.
  Result<std::span<const std::byte>> window(uint64_t size);

  const File& file_;
  const ColumnChunk& chunk_;
  bool keeps_pages_;
  std::shared_ptr<MemoryBudget> budget_;
  Buffer page_;       // unless pages are kept
  uint64_t at_ = 0;   // in the file
  uint64_t end_ = 0;  // of what can be read
  Buffer buffer_;
  uint64_t buffer_begin_ = 0, buffer_end_ = 0;  // in the file
};

}  // namespace headrace::frame::parquet
