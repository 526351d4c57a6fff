
#include <algorithm>
#include <mutex>
#include <utility>

#include "base/thread_pool.h"
#include "frame/parquet.h"
#include "frame/parquet/open_file.h"

namespace headrace::frame {

Result<ParquetFile> ParquetFile::open(const std::filesystem::path& path, std::shared_ptr<MemoryBudget> budget) {
  ParquetFile opened;
  opened.budget_ = std::move(budget);
  HR_TRY(opened.file_, parquet::OpenFile::open(path, opened.budget_));
  return opened;
}

const Schema& ParquetFile::schema() const { return file_->schema(); }
uint64_t ParquetFile::rows() const { return static_cast<uint64_t>(file_->metadata().rows); }
size_t ParquetFile::row_groups() const { return file_->metadata().row_groups.size(); }
uint64_t ParquetFile::rows_of(size_t row_group) const { return static_cast<uint64_t>(file_->metadata().row_groups[row_group].rows); }

namespace {

Result<Array> read_chunk(const parquet::OpenFile& file, size_t group, size_t column, size_t rows,
                         const std::shared_ptr<MemoryBudget>& budget) {
  if (rows == 0) return Array::make({.type = file.leaf(column).type});
  HR_TRY(parquet::ColumnReader reader, file.reader(group, column, budget));
  auto array = reader.read(rows);
  if (!array) return std::unexpected(file.named(group, column, array.error()));
  return array;
}

}  // namespace

Result<DataFrame> ParquetFile::read(const std::optional<std::vector<std::string>>& columns, uint64_t rows) const {
  HR_TRY(const auto named, file_->columns_named(columns));
  struct Piece {
    size_t group, column, rows;
  };
  std::vector<Piece> pieces;
  uint64_t height = 0;
  for (size_t group = 0; group < row_groups() && height < rows; ++group) {
    const uint64_t taken = std::min(rows - height, rows_of(group));
    for (size_t column = 0; column < named.size(); ++column) pieces.push_back({group, column, taken});
    height += taken;
  }
  std::vector<Array> arrays(pieces.size());
  std::mutex mutex;
  std::optional<Error> first_error;
  size_t failed_at = SIZE_MAX;
  ThreadPool::process().parallel_for(pieces.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      {
        const std::lock_guard lock(mutex);
        if (failed_at < i) return;
      }
      auto array = read_chunk(*file_, pieces[i].group, named[pieces[i].column], pieces[i].rows, budget_);
      if (array) {
        arrays[i] = std::move(*array);
        continue;
      }
      // The first in the file's order, whichever thread finds it.
      const std::lock_guard lock(mutex);
      if (i < failed_at) {
        failed_at = i;
        first_error = std::move(array).error();
      }
    }
  });
  if (first_error) return std::unexpected(*std::move(first_error));
  std::vector<std::vector<Array>> chunks(named.size());
  for (size_t i = 0; i < pieces.size(); ++i) chunks[pieces[i].column].push_back(std::move(arrays[i]));
  std::vector<Field> fields;
  std::vector<Column> made;
  for (size_t i = 0; i < named.size(); ++i) {
    fields.push_back(schema()[named[i]]);
    HR_TRY(Column column, Column::make(fields.back().type, std::move(chunks[i])));
    made.push_back(std::move(column));
  }
  HR_TRY(Schema taken, Schema::make(std::move(fields)));
  return DataFrame::make(std::move(taken), std::move(made), height);
}

}  // namespace headrace::frame
