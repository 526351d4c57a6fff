#include "frame/parquet/open_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace headrace::frame::parquet {
namespace {

constexpr size_t kMagic = 4;
/// The greatest footer that is read: far above any that is written.
constexpr uint64_t kGreatestFooter = uint64_t{1} << 30;

std::unexpected<Error> wrong(ErrorKind kind, const std::filesystem::path& path, std::string_view what) {
  return fail(kind, fmt::format("{}: {}.", path.string(), what), path.string());
}

Result<Buffer> read_footer(const File& file, const std::shared_ptr<MemoryBudget>& budget) {
  const auto& path = file.path();
  if (file.size_bytes() < 3 * kMagic) {
    return wrong(ErrorKind::InvalidData, path, fmt::format("it is no Parquet file: it has {} bytes", file.size_bytes()));
  }
  std::array<std::byte, 8> end;
  HR_CHECK(file.read_at(file.size_bytes() - end.size(), end));
  const std::string_view magic(reinterpret_cast<const char*>(end.data()) + 4, kMagic);
  if (magic == "PARE") return wrong(ErrorKind::Unsupported, path, "its footer is encrypted; decrypt the file first");
  if (magic != "PAR1") return wrong(ErrorKind::InvalidData, path, "it is no Parquet file, or was cut off: it does not end with PAR1");
  uint32_t size = 0;
  std::memcpy(&size, end.data(), 4);
  if (size > file.size_bytes() - 3 * kMagic || size > kGreatestFooter) {
    return wrong(ErrorKind::InvalidData, path,
                 fmt::format("it says that its footer has {} bytes, and has {} itself", size, file.size_bytes()));
  }
  HR_TRY(Buffer footer, Buffer::allocate(size, budget));
  HR_CHECK(file.read_at(file.size_bytes() - end.size() - size, footer.bytes()));
  return footer;
}

}  // namespace

Result<std::shared_ptr<const OpenFile>> OpenFile::open(const std::filesystem::path& path, std::shared_ptr<MemoryBudget> budget,
                                                               bool stays_open) {
  HR_TRY(File file, File::open(path));
  HR_TRY(const Buffer footer, read_footer(file, budget));
  const std::shared_ptr<OpenFile> opened(new OpenFile(path));
  if (stays_open) opened->file_ = std::move(file);
  auto metadata = parse_footer(footer.bytes());
  if (!metadata) return wrong(metadata.error().kind, path, metadata.error().message);
  opened->metadata_ = *std::move(metadata);
  auto columns = leaves_of(opened->metadata_);
  if (!columns) return wrong(columns.error().kind, path, columns.error().message);
  opened->columns_ = *std::move(columns);
  std::vector<Field> fields;
  for (const Leaf& leaf : opened->columns_.leaves) fields.push_back({leaf.name, leaf.type});
  auto schema = Schema::make(std::move(fields));
  if (!schema) return wrong(schema.error().kind, path, schema.error().message);
  opened->schema_ = *std::move(schema);
  return opened;
}

Result<std::vector<size_t>> OpenFile::columns_named(const std::optional<std::vector<std::string>>& names) const {
  for (const Unreadable& column : columns_.unreadable) {
    const bool wanted = !names || std::ranges::find(*names, column.name) != names->end();
    if (!wanted) continue;
    return wrong(ErrorKind::Unsupported, path(), fmt::format("column {:?} {}; name the columns that you need", column.name, column.why));
  }
  std::vector<size_t> columns;
  if (!names) {
    for (size_t i = 0; i < schema_.size(); ++i) columns.push_back(i);
    return columns;
  }
  for (const std::string& name : *names) {
    auto index = schema_.index_of(name);
    if (!index) return fail(index.error().kind, fmt::format("{}: {}", path().string(), index.error().message), name);
    columns.push_back(*index);
  }
  return columns;
}

Error OpenFile::named(size_t group, size_t column, const Error& error) const {
  return {error.kind, fmt::format("{}: column {:?}, row group {}: {}", path().string(), leaf(column).name, group, error.message),
          path().string()};
}

Result<ColumnReader> OpenFile::reader(size_t group, size_t column, const std::shared_ptr<MemoryBudget>& budget) const {
  const Leaf& leaf = this->leaf(column);
  const ColumnChunk& chunk = metadata_.row_groups[group].columns[leaf.chunk];
  const auto refused = [&](ErrorKind kind, std::string what) { return std::unexpected(named(group, column, {kind, std::move(what)})); };
  if (chunk.is_encrypted) return refused(ErrorKind::Unsupported, "is encrypted; decrypt the file first");
  if (!chunk.other_file.empty()) return refused(ErrorKind::Unsupported, fmt::format("lies in another file, {}", chunk.other_file));
  if (chunk.physical != leaf.physical) return refused(ErrorKind::InvalidData, "is of another type than the schema says");
  if (chunk.first_page < static_cast<int64_t>(kMagic)) return refused(ErrorKind::InvalidData, "begins before the file's data");
  return ColumnReader(*file_, leaf, chunk, budget);
}

}  // namespace headrace::frame::parquet
