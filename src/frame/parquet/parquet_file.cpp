#include <fmt/format.h>
#include <fmt/std.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/file.h"
#include "base/thread_pool.h"
#include "frame/parquet.h"
#include "frame/parquet/column_reader.h"
#include "frame/parquet/leaf.h"

namespace headrace::frame {

struct ParquetFile::State {
  File file;
  std::shared_ptr<MemoryBudget> budget;
  parquet::FileMetadata metadata;
  parquet::LeafSchema columns;
  Schema schema;

  Result<std::vector<size_t>> leaves_named(const std::optional<std::vector<std::string>>& names) const;
  Result<Array> read_chunk(size_t group, const parquet::Leaf& leaf, size_t rows) const;
};

namespace {

constexpr size_t kMagic = 4;
/// The greatest footer that is read: far above any that is written.
constexpr uint64_t kGreatestFooter = uint64_t{1} << 30;

std::unexpected<Error> wrong(ErrorKind kind, const std::filesystem::path& path, std::string_view what) {
  return fail(kind, fmt::format("{}: {}.", path.string(), what), path.string());
}

Result<Buffer> read_footer(const File& file, const std::shared_ptr<MemoryBudget>& budget) {
  const auto& path = file.path();
  if (file.size_bytes() < 3 * kMagic) return wrong(ErrorKind::InvalidData, path, fmt::format("it is no Parquet file: it has {} bytes", file.size_bytes()));
  std::array<std::byte, 8> end;
  HR_CHECK(file.read_at(file.size_bytes() - end.size(), end));
  const std::string_view magic(reinterpret_cast<const char*>(end.data()) + 4, kMagic);
  if (magic == "PARE") return wrong(ErrorKind::Unsupported, path, "its footer is encrypted; decrypt the file first");
  if (magic != "PAR1") return wrong(ErrorKind::InvalidData, path, "it is no Parquet file, or was cut off: it does not end with PAR1");
  uint32_t size = 0;
  std::memcpy(&size, end.data(), 4);
  if (size > file.size_bytes() - 3 * kMagic || size > kGreatestFooter) {
    return wrong(ErrorKind::InvalidData, path, fmt::format("it says that its footer has {} bytes, and has {} itself", size, file.size_bytes()));
  }
  HR_TRY(Buffer footer, Buffer::allocate(size, budget));
  HR_CHECK(file.read_at(file.size_bytes() - end.size() - size, footer.bytes()));
  return footer;
}

}  // namespace

Result<ParquetFile> ParquetFile::open(const std::filesystem::path& path, std::shared_ptr<MemoryBudget> budget) {
  HR_TRY(File file, File::open(path));
  HR_TRY(const Buffer footer, read_footer(file, budget));
  auto metadata = parquet::parse_footer(footer.bytes());
  if (!metadata) return wrong(metadata.error().kind, path, metadata.error().message);
  auto columns = parquet::leaves_of(*metadata);
  if (!columns) return wrong(columns.error().kind, path, columns.error().message);
  std::vector<Field> fields;
  for (const parquet::Leaf& leaf : columns->leaves) fields.push_back({leaf.name, leaf.type});
  auto schema = Schema::make(std::move(fields));
  if (!schema) return wrong(schema.error().kind, path, schema.error().message);
  ParquetFile opened;
  opened.state_ = std::make_shared<const State>(std::move(file), std::move(budget), std::move(*metadata), std::move(*columns), std::move(*schema));
  return opened;
}

const Schema& ParquetFile::schema() const { return state_->schema; }
uint64_t ParquetFile::rows() const { return static_cast<uint64_t>(state_->metadata.rows); }
size_t ParquetFile::row_groups() const { return state_->metadata.row_groups.size(); }
uint64_t ParquetFile::rows_of(size_t row_group) const { return static_cast<uint64_t>(state_->metadata.row_groups[row_group].rows); }

Result<std::vector<size_t>> ParquetFile::State::leaves_named(const std::optional<std::vector<std::string>>& names) const {
  std::vector<size_t> leaves;
  for (const parquet::Unreadable& column : columns.unreadable) {
    const bool wanted = !names || std::ranges::find(*names, column.name) != names->end();
    if (wanted) return wrong(ErrorKind::Unsupported, file.path(), fmt::format("column {:?} {}; name the columns that you need", column.name, column.why));
  }
  if (!names) {
    for (size_t i = 0; i < columns.leaves.size(); ++i) leaves.push_back(i);
    return leaves;
  }
  for (const std::string& name : *names) {
    auto index = schema.index_of(name);
    if (!index) return fail(index.error().kind, fmt::format("{}: {}", file.path().string(), index.error().message), name);
    leaves.push_back(*index);
  }
  return leaves;
}

Result<Array> ParquetFile::State::read_chunk(size_t group, const parquet::Leaf& leaf, size_t rows) const {
  const parquet::ColumnChunk& chunk = metadata.row_groups[group].columns[leaf.chunk];
  const auto named = [&](const Error& error) {
    return fail(error.kind, fmt::format("{}: column {:?}, row group {}: {}", file.path().string(), leaf.name, group, error.message), file.path().string());
  };
  if (rows == 0) return Array::make({.type = leaf.type});
  if (chunk.is_encrypted) return named({ErrorKind::Unsupported, "is encrypted; decrypt the file first"});
  if (!chunk.other_file.empty()) return named({ErrorKind::Unsupported, fmt::format("lies in another file, {}", chunk.other_file)});
  if (chunk.physical != leaf.physical) return named({ErrorKind::InvalidData, "is of another type than the schema says"});
  if (chunk.first_page < static_cast<int64_t>(kMagic)) return named({ErrorKind::InvalidData, "begins before the file's data"});
  auto array = parquet::ColumnReader(file, leaf, chunk, budget).read(rows);
  if (!array) return named(array.error());
  return array;
}

Result<DataFrame> ParquetFile::read(const std::optional<std::vector<std::string>>& columns, uint64_t rows) const {
  HR_TRY(const auto leaves, state_->leaves_named(columns));
  struct Piece {
    size_t group, column, rows;
  };
  std::vector<Piece> pieces;
  uint64_t height = 0;
  for (size_t group = 0; group < row_groups() && height < rows; ++group) {
    const uint64_t taken = std::min(rows - height, rows_of(group));
    for (size_t column = 0; column < leaves.size(); ++column) pieces.push_back({group, column, taken});
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
      auto array = state_->read_chunk(pieces[i].group, state_->columns.leaves[leaves[pieces[i].column]], pieces[i].rows);
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
  std::vector<std::vector<Array>> chunks(leaves.size());
  for (size_t i = 0; i < pieces.size(); ++i) chunks[pieces[i].column].push_back(std::move(arrays[i]));
  std::vector<Field> fields;
  std::vector<Column> made;
  for (size_t i = 0; i < leaves.size(); ++i) {
    fields.push_back(state_->schema[leaves[i]]);
    HR_TRY(Column column, Column::make(fields.back().type, std::move(chunks[i])));
    made.push_back(std::move(column));
  }
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  return DataFrame::make(std::move(schema), std::move(made), height);
}

}  // namespace headrace::frame
