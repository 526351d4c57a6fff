#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "frame/data_frame.h"
#include "frame/parquet/column_reader.h"
#include "frame/parquet/footer.h"

namespace headrace::frame::parquet {

/// A file whose footer is known: read, or remembered from the last time if the file is the same. Thread-safe.
class OpenFile {
 public:
  /// InvalidData or Unsupported names the file and what is wrong.
  /// Unless it `stays_open`, no column can be read.
  static Result<std::shared_ptr<const OpenFile>> open(const std::filesystem::path& path, std::shared_ptr<MemoryBudget> budget,
                                                      bool stays_open = true);

  const std::filesystem::path& path() const { return path_; }
  bool is_open() const { return file_.has_value(); }
  /// Of the columns that can be read.
  const Schema& schema() const { return footer_->schema; }
  const FileMetadata& metadata() const { return footer_->metadata; }
  const Leaf& leaf(size_t column) const { return footer_->columns.leaves[column]; }

  /// Which columns these are; all if no names are given, and then none may be unreadable.
  Result<std::vector<size_t>> columns_named(const std::optional<std::vector<std::string>>& names) const;
  /// A reader of a column's chunk from its first row on, which lives no longer than this.
  Result<ColumnReader> reader(size_t group, size_t column, const std::shared_ptr<MemoryBudget>& budget) const;
  /// An error of reading a chunk, with file, column and row group.
  Error named(size_t group, size_t column, const Error& error) const;

 private:
  explicit OpenFile(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  std::optional<File> file_;
  std::shared_ptr<const Footer> footer_;
};

}  // namespace headrace::frame::parquet
