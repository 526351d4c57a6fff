#include "frame/parquet/open_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace headrace::frame::parquet {
namespace {

constexpr int64_t kFirstByte = 4;  // behind PAR1

std::unexpected<Error> wrong(ErrorKind kind, const std::filesystem::path& path, std::string_view what) {
  return fail(kind, fmt::format("{}: {}.", path.string(), what), path.string());
}

}  // namespace

Result<std::shared_ptr<const OpenFile>> OpenFile::open(const std::filesystem::path& path, std::shared_ptr<MemoryBudget> budget,
                                                       bool stays_open) {
  const std::shared_ptr<OpenFile> opened(new OpenFile(path));
  const auto before = FileIdentity::of(path);
  HR_TRY(File file, File::open(path));
  HR_TRY(opened->footer_, footer_of(file, before, budget));
  if (stays_open) opened->file_ = std::move(file);
  return opened;
}

Result<std::vector<size_t>> OpenFile::columns_named(const std::optional<std::vector<std::string>>& names) const {
  for (const Unreadable& column : footer_->columns.unreadable) {
    const bool wanted = !names || std::ranges::find(*names, column.name) != names->end();
    if (!wanted) continue;
    return wrong(ErrorKind::Unsupported, path(), fmt::format("column {:?} {}; name the columns that you need", column.name, column.why));
  }
  std::vector<size_t> columns;
  if (!names) {
    for (size_t i = 0; i < schema().size(); ++i) columns.push_back(i);
    return columns;
  }
  for (const std::string& name : *names) {
    auto index = schema().index_of(name);
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
  const ColumnChunk& chunk = metadata().row_groups[group].columns[leaf.chunk];
  const auto refused = [&](ErrorKind kind, std::string what) { return std::unexpected(named(group, column, {kind, std::move(what)})); };
  if (chunk.is_encrypted) return refused(ErrorKind::Unsupported, "is encrypted; decrypt the file first");
  if (!chunk.other_file.empty()) return refused(ErrorKind::Unsupported, fmt::format("lies in another file, {}", chunk.other_file));
  if (chunk.physical != leaf.physical) return refused(ErrorKind::InvalidData, "is of another type than the schema says");
  if (chunk.first_page < kFirstByte) return refused(ErrorKind::InvalidData, "begins before the file's data");
  return ColumnReader(*file_, leaf, chunk, budget);
}

}  // namespace headrace::frame::parquet
