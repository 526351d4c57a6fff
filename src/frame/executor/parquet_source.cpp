#include "frame/executor/parquet_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/thread_pool.h"
#include "frame/executor/row_group_pruning.h"
#include "frame/expressions/operand.h"
#include "frame/plan/rewrite.h"
#include "frame/plan/slice.h"

namespace headrace::frame {
namespace {

/// Files that stay open: far below what a process may have.
constexpr size_t kMostOpen = 100;
/// A row group is cut into no smaller stretches: each reads its columns' dictionaries anew.
constexpr uint64_t kLeastRows = uint64_t{1} << 17;

/// Reads a stretch, column by column as they are needed.
class ParquetTask final : public SourceTask {
 public:
  ParquetTask(const ParquetSource& source, const ParquetSource::Part& part, std::shared_ptr<const parquet::OpenFile> file,
              ParquetSource::Stretch stretch)
      : source_(source), part_(part), file_(std::move(file)), stretch_(stretch), columns_(part.columns.size()) {}

  Result<std::optional<Morsel>> next() override {
    if (stretch_.size == 0) return std::nullopt;
    const size_t rows = std::min<uint64_t>(stretch_.size, kMorselRows);
    Chunk chunk{.columns = std::vector<Array>(columns_.size()), .rows = rows};
    std::vector<bool> loaded(columns_.size());
    const auto load = [&](size_t column) -> Result<void> {
      if (loaded[column]) return {};
      loaded[column] = true;
      HR_TRY(chunk.columns[column], read(column, rows, nullptr));
      return {};
    };
    HR_TRY(Selection selection, source_.conditions().select(chunk, load, source_.budget()));
    for (const ParquetSource::Key& key : source_.keys()) {
      // Of few rows the filter would save less than its column costs.
      if (!key.filter->is_useful() || selection.size(rows) < rows / 8 + 1) continue;
      HR_CHECK(load(key.column));
      HR_CHECK(narrow(key, chunk, selection));
    }
    Morsel morsel{.first_row = stretch_.first_row, .chunk = {.columns = {}, .rows = selection.size(rows)}};
    for (size_t column = 0; column < source_.width() && morsel.chunk.rows > 0; ++column) {
      HR_TRY(Array kept, loaded[column] ? taken(chunk.columns[column], selection, source_.budget()) : read(column, rows, &selection));
      morsel.chunk.columns.push_back(std::move(kept));
    }
    stretch_.begin += rows;
    stretch_.size -= rows;
    stretch_.first_row += rows;
    return morsel;
  }

 private:
  struct Column {
    std::optional<parquet::ColumnReader> reader;
    uint64_t at = 0;
  };

  /// Leaves rows out that find nothing in the join above.
  Result<void> narrow(const ParquetSource::Key& key, const Chunk& chunk, Selection& selection) const {
    HR_TRY(Array values, key.value.evaluate(chunk, source_.budget()));
    HR_TRY(values, taken(values, selection, source_.budget()));
    if (selection.is_all) {
      selection.rows.resize(chunk.rows);
      std::iota(selection.rows.begin(), selection.rows.end(), uint64_t{0});
    }
    HR_CHECK(key.filter->keep(values, selection.rows, source_.budget()));
    selection.is_all = selection.rows.size() == chunk.rows;
    return {};
  }

  /// The next rows of a column, or those of them that are selected.
  Result<Array> read(size_t column, size_t rows, const Selection* selection) {
    Column& own = columns_[column];
    const size_t leaf = part_.columns[column];
    if (leaf == ParquetSource::kOfPath) return source_.of_path(stretch_.part, column, selection == nullptr ? rows : selection->size(rows));
    if (!own.reader) {
      HR_TRY(parquet::ColumnReader reader, file_->reader(stretch_.group, leaf, source_.budget()));
      own.reader.emplace(std::move(reader));
    }
    const auto named = [&](const Error& error) { return std::unexpected(file_->named(stretch_.group, leaf, error)); };
    if (auto passed = own.reader->skip(stretch_.begin - own.at); !passed) return named(passed.error());
    const bool is_all = selection == nullptr || selection->is_all;
    auto array = is_all ? own.reader->read(rows) : own.reader->read_some(rows, selection->rows);
    if (!array) return named(array.error());
    own.at = stretch_.begin + rows;
    return array;
  }

  const ParquetSource& source_;
  const ParquetSource::Part& part_;
  std::shared_ptr<const parquet::OpenFile> file_;
  ParquetSource::Stretch stretch_;
  std::vector<Column> columns_;
};

}  // namespace

Result<std::unique_ptr<ParquetSource>> ParquetSource::make(const PlanNode& node, const PlanNode::ScanParquet& scan, const Query& query) {
  // What is given on, and behind it what only conditions read.
  std::vector<Field> fields(node.schema.fields().begin(), node.schema.fields().end());
  std::set<std::string, std::less<>> names;
  for (const Expression& condition : scan.conditions) add_columns(condition, names);
  for (const std::string& name : names) {
    if (node.schema.index_of(name)) continue;
    const auto of_path = scan.by_file ? scan.by_file->schema.index_of(name) : Result<size_t>(std::unexpect);
    if (of_path) {
      fields.push_back(scan.by_file->schema[*of_path]);
      continue;
    }
    HR_TRY(const size_t index, scan.columns.index_of(name));
    fields.push_back(scan.columns[index]);
  }
  HR_TRY(Schema read, Schema::make(std::move(fields)));
  HR_TRY(Conditions conditions, Conditions::bind(scan.conditions, read));
  std::unique_ptr<ParquetSource> source(new ParquetSource(scan, std::move(read), node.schema.size(), std::move(conditions), query));
  HR_CHECK(source->split_conditions());
  HR_CHECK(source->add_keys(node));
  return source;
}

Result<void> ParquetSource::split_conditions() {
  std::vector<Expression> of_paths;
  for (const Expression& condition : scan_.conditions) {
    std::set<std::string, std::less<>> names;
    add_columns(condition, names);
    const auto is_of_path = [&](const std::string& name) { return scan_.by_file && scan_.by_file->schema.index_of(name).has_value(); };
    if (std::ranges::none_of(names, is_of_path)) of_rows_.push_back(condition);
    if (!names.empty() && std::ranges::all_of(names, is_of_path)) of_paths.push_back(condition);
  }
  if (of_paths.empty()) return {};
  HR_TRY(of_paths_, Conditions::bind(of_paths, scan_.by_file->schema));
  return {};
}

Result<Array> ParquetSource::of_path(size_t part, size_t column, size_t rows) const {
  HR_TRY(const size_t index, scan_.by_file->schema.index_of(read_[column].name));
  return repeat(scan_.by_file->values[part][index], rows, query_.budget);
}

bool ParquetSource::rules_out(size_t file) const {
  if (!scan_.by_file) return false;
  Chunk chunk{.columns = {}, .rows = 1};
  for (const Scalar& value : scan_.by_file->values[file]) {
    auto array = repeat(value, 1, query_.budget);
    if (!array) return false;
    chunk.columns.push_back(*std::move(array));
  }
  const auto selection = of_paths_.select(chunk, [](size_t) -> Result<void> { return {}; }, query_.budget);
  // What fails does so when rows are read.
  return selection && selection->size(1) == 0;
}

Result<void> ParquetSource::add_keys(const PlanNode& node) {
  for (const ScanFilter& filter : query_.scan_filters) {
    const bool is_of_path = scan_.by_file && scan_.by_file->schema.index_of(filter.column).has_value();
    if (filter.scan != &node || is_of_path) continue;
    HR_TRY(const size_t column, read_.index_of(filter.column));
    const Expression key = Expression::cast(Expression::column(filter.column), filter.type, true);
    HR_TRY(BoundExpression value, BoundExpression::bind(key, read_));
    keys_.push_back({column, std::move(value), filter.filter});
  }
  return {};
}

std::vector<Expression> ParquetSource::bounds_of_keys() const {
  std::vector<Expression> conditions;
  for (const Key& key : keys_) {
    const auto& bounds = key.filter->bounds();
    const Field& field = read_[key.column];
    if (!bounds || !key.filter->is_useful() || field.type != key.value.type() || field.type.id() == TypeId::Decimal) continue;
    const Expression column = Expression::column(field.name);
    conditions.push_back(Expression::binary(BinaryOperator::GreaterEqual, column, Expression::literal(bounds->least)));
    conditions.push_back(Expression::binary(BinaryOperator::LessEqual, column, Expression::literal(bounds->greatest)));
  }
  return conditions;
}

Result<void> ParquetSource::check_schema(const parquet::OpenFile& file) const {
  const auto wrong = [&](std::string_view name, std::string what) {
    const std::string path = file.path().string();
    return fail(ErrorKind::InvalidData, fmt::format("{}: column {:?} {}, {}.", path, name, what, scan_.files->front().string()), path);
  };
  for (const Field& field : scan_.columns.fields()) {
    const auto index = file.schema().index_of(field.name);
    if (!index) return wrong(field.name, "is missing, which the scan has from its first file");
    const DataType& type = file.schema()[*index].type;
    if (type == field.type) continue;
    return wrong(field.name, fmt::format("is of type {} and not {} as in the scan's first file", to_string(type), to_string(field.type)));
  }
  if (scan_.allows_others) return {};
  for (const Field& field : file.schema().fields()) {
    const bool is_of_path = scan_.by_file && scan_.by_file->schema.index_of(field.name);
    if (!is_of_path && !scan_.columns.index_of(field.name)) return wrong(field.name, "is one more than the scan has from its first file");
  }
  return {};
}

Result<ParquetSource::Part> ParquetSource::open_file(const std::filesystem::path& path, bool stays_open) const {
  HR_TRY(auto file, parquet::OpenFile::open(path, query_.budget, stays_open));
  HR_CHECK(check_schema(*file));
  Part part{.file = file, .rows = static_cast<uint64_t>(file->metadata().rows)};
  for (const Field& field : read_.fields()) {
    const bool is_of_path = scan_.by_file && scan_.by_file->schema.index_of(field.name);
    part.columns.push_back(is_of_path ? kOfPath : *file->schema().index_of(field.name));
  }
  return part;
}

/// All of them, or as many as have the rows that are wanted.
Result<void> ParquetSource::open_files() {
  const size_t step = std::max<size_t>(8, query_.workers * 4);
  const auto skipped = static_cast<uint64_t>(std::max<int64_t>(scan_.offset, 0));
  uint64_t rows = 0;
  for (size_t begin = 0; begin < scan_.files->size(); begin += step) {
    const bool has_all = scan_.offset >= 0 && rows >= skipped && rows - skipped >= scan_.size;
    if (has_all) break;
    const size_t count = std::min(step, scan_.files->size() - begin);
    std::vector<Result<Part>> opened(count);
    ThreadPool::process().parallel_for(count, 1, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) opened[i] = open_file((*scan_.files)[begin + i], begin + i < kMostOpen);
    });
    for (auto& part : opened) {
      HR_CHECK(part);
      rows += part->rows;
      parts_.push_back(*std::move(part));
    }
  }
  return {};
}

void ParquetSource::add_stretches(size_t part, uint64_t begin, uint64_t end, uint64_t first_row) {
  if (rules_out(part)) return;
  std::vector<Expression> conditions = bounds_of_keys();
  conditions.insert(conditions.end(), of_rows_.begin(), of_rows_.end());
  const RowGroupPruning test(conditions, read_);
  uint64_t at = 0;
  const auto& groups = parts_[part].file->metadata().row_groups;
  for (size_t group = 0; group < groups.size(); ++group) {
    const uint64_t from = std::max(at, begin), to = std::min(at + static_cast<uint64_t>(groups[group].rows), end);
    if (from < to && test.may_hold(*parts_[part].file, group, parts_[part].columns)) {
      stretches_.push_back({.part = part, .group = group, .begin = from - at, .size = to - from, .first_row = first_row + (from - begin)});
    }
    at += static_cast<uint64_t>(groups[group].rows);
  }
}

void ParquetSource::cut_stretches() {
  const size_t wanted = 2 * query_.workers;
  if (query_.workers == 1 || stretches_.size() >= wanted) return;
  std::vector<Stretch> cut;
  for (const Stretch& whole : stretches_) {
    const uint64_t pieces = std::clamp<uint64_t>(whole.size / kLeastRows, 1, wanted / stretches_.size());
    const uint64_t size = (whole.size + pieces - 1) / pieces;
    for (uint64_t begin = 0; begin < whole.size; begin += size) {
      Stretch piece = whole;
      piece.begin += begin;
      piece.first_row += begin;
      piece.size = std::min(size, whole.size - begin);
      cut.push_back(piece);
    }
  }
  stretches_ = std::move(cut);
}

Result<void> ParquetSource::open() {
  HR_CHECK(open_files());
  uint64_t all = 0;
  for (const Part& part : parts_) all += part.rows;
  const RowRange wanted = rows_of({scan_.offset, scan_.size}, all);
  rows_ = wanted.size;
  uint64_t at = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const uint64_t begin = std::max(at, wanted.begin), end = std::min(at + parts_[i].rows, wanted.begin + wanted.size);
    if (begin < end) add_stretches(i, begin - at, end - at, begin - wanted.begin);
    at += parts_[i].rows;
  }
  cut_stretches();
  return {};
}

Result<std::unique_ptr<SourceTask>> ParquetSource::begin(size_t task) {
  const Stretch& stretch = stretches_[task];
  const Part& part = parts_[stretch.part];
  auto file = part.file;
  if (!file->is_open()) {
    HR_TRY(const Part again, open_file(file->path(), true));
    if (again.rows != part.rows || again.columns != part.columns) {
      const std::string path = file->path().string();
      return fail(ErrorKind::InvalidData, fmt::format("{}: the file changed while it was read.", path), path);
    }
    file = again.file;
  }
  return std::make_unique<ParquetTask>(*this, part, std::move(file), stretch);
}

}  // namespace headrace::frame
