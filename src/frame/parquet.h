#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "frame/data_frame.h"

namespace headrace::frame {

namespace parquet {
class OpenFile;
}

/// A Parquet file that is open: its footer is read, its columns are when asked for. Copies share it; thread-safe.
///
/// Read are all physical types (INT96 too), lists of values with any depth, decimals in their four forms, pages of both
/// generations, every encoding but the bit-packed levels of old, and all codecs but LZO. Structs and maps are not, and their
/// columns an error when asked for; neither are encrypted files.
class ParquetFile {
 public:
  /// InvalidData or Unsupported names the file and what is wrong.
  static Result<ParquetFile> open(const std::filesystem::path& path, std::shared_ptr<MemoryBudget> budget = process_budget());

  /// The columns that can be read.
  const Schema& schema() const;
  uint64_t rows() const;
  size_t row_groups() const;
  uint64_t rows_of(size_t row_group) const;

  /// Columns of the schema by their names (all if none are given, and then none may be unreadable), and the first rows. In
  /// parallel. An error names file, column and row group.
  Result<DataFrame> read(const std::optional<std::vector<std::string>>& columns = {}, uint64_t rows = UINT64_MAX) const;

 private:
  std::shared_ptr<const parquet::OpenFile> file_;
  std::shared_ptr<MemoryBudget> budget_;
};

}  // namespace headrace::frame
