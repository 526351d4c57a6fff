#include "frame/executor/csv_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace headrace::frame {
namespace {

/// Of the text that a sequential task has at a time.
constexpr size_t kTextBytes = size_t{1} << 20;

}  // namespace

CsvTask::CsvTask(const CsvSource& source, const CsvSource::Part& part, std::shared_ptr<const csv::Input> input, csv::Text text,
                 uint64_t row, uint64_t part_rows)
    : text_(std::move(text)), source_(source), part_(part), input_(std::move(input)), row_(row), part_rows_(part_rows),
      table_(source.layout().dialect, part.start.columns, source.layout().options.truncate_ragged_lines, source.budget()),
      reading_(source.layout().reading()) {
  fault_ = [this](size_t row_of_table, std::string_view column, std::string_view what) -> Error {
    const auto line = csv::line_of(*input_, source_.layout(), part_.start, table_row_ + row_of_table, source_.budget());
    const std::string place = line ? fmt::format("line {}", *line) : fmt::format("row {}", table_row_ + row_of_table);
    const std::string named = column.empty() ? "" : fmt::format(", column {:?}", column);
    return {ErrorKind::InvalidData, fmt::format("{}: {}{}: {}.", input_->name(), place, named, what), input_->name()};
  };
}

Selection CsvTask::wanted_rows(uint64_t first, size_t rows) const {
  const uint64_t begin = source_.first_wanted(), size = source_.wanted();
  const uint64_t end = size > UINT64_MAX - begin ? UINT64_MAX : begin + size;
  Selection wanted;
  if (first >= begin && first + rows <= end) return wanted;
  wanted.is_all = false;
  for (uint64_t row = std::max(first, begin); row < std::min(first + rows, end); ++row) wanted.rows.push_back(row - first);
  return wanted;
}

Result<Array> CsvTask::parse(size_t column, const Selection& rows) const {
  const size_t place = source_.columns()[column];
  return csv::parse_column(table_, part_.start.places[place], source_.layout().columns[place], reading_, rows, fault_, source_.budget());
}

Result<Chunk> CsvTask::parse(const Selection& wanted) {
  Chunk chunk{.columns = std::vector<Array>(source_.columns().size()), .rows = wanted.size(table_.rows())};
  std::vector<bool> loaded(chunk.columns.size());
  const auto load = [&](size_t column) -> Result<void> {
    if (loaded[column]) return {};
    loaded[column] = true;
    HR_TRY(chunk.columns[column], parse(column, wanted));
    return {};
  };
  HR_TRY(const Selection selection, source_.conditions().select(chunk, load, source_.budget()));
  Chunk out{.columns = {}, .rows = selection.size(chunk.rows)};
  // The rows that are left, by their places in the table.
  Selection left = selection.is_all ? wanted : selection;
  if (!selection.is_all && !wanted.is_all) {
    for (uint64_t& row : left.rows) row = wanted.rows[row];
  }
  for (size_t column = 0; column < source_.width() && out.rows > 0; ++column) {
    HR_TRY(Array kept, loaded[column] ? taken(chunk.columns[column], selection, source_.budget()) : parse(column, left));
    out.columns.push_back(std::move(kept));
  }
  return out;
}

Result<std::optional<Morsel>> CsvTask::next() {
  table_row_ = row_;
  HR_TRY(bool has_rows, table_.find(text_, fault_));
  if (!has_rows) {
    if (text_.begin < text_.end) {
      return std::unexpected(fault_(0, {}, "a quote opens in this row and is never closed. Quotes are read as text by quote_char=None"));
    }
    HR_TRY(has_rows, refill());
    if (!has_rows) return std::nullopt;
    HR_TRY(has_rows, table_.find(text_, fault_));
  }
  row_ += table_.rows();
  const uint64_t first = part_rows_ + table_row_;
  const Selection wanted = wanted_rows(first, table_.rows());
  const uint64_t skipped = wanted.is_all || wanted.rows.empty() ? 0 : wanted.rows.front();
  Morsel morsel{.first_row = first + skipped - std::min(first + skipped, source_.first_wanted()), .chunk = {.columns = {}, .rows = 0}};
  if (wanted.size(table_.rows()) > 0) {
    HR_TRY(morsel.chunk, parse(wanted));
  }
  return morsel;
}

Result<std::unique_ptr<SourceTask>> SequentialCsvTask::make(const CsvSource& source, const CsvSource::Part& part,
                                                            std::shared_ptr<const csv::Input> input, uint64_t part_rows) {
  const csv::Layout& layout = source.layout();
  HR_TRY(csv::RowStream rows, csv::RowStream::open(*input, layout.dialect, layout.options.comment_prefix, source.budget()));
  for (uint64_t i = 0; i < part.start.rows; ++i) HR_CHECK(rows.next());
  return std::unique_ptr<SourceTask>(new SequentialCsvTask(source, part, std::move(input), part_rows, std::move(rows)));
}

Result<bool> SequentialCsvTask::refill() {
  GrowingBuffer text(budget_);
  HR_CHECK(text.reserve(kTextBytes));
  size_t size = 0;
  while (size < kTextBytes - csv::kPadding) {
    HR_TRY(const auto row, rows_.next());
    if (!row) break;
    HR_CHECK(text.reserve(size + row->size() + 1 + csv::kPadding));
    std::memcpy(text.buffer().as<char>() + size, row->data(), row->size());
    size += row->size();
    text.buffer().as<char>()[size++] = eol_;
  }
  text_ = {.buffer = text.take(), .begin = 0, .end = size};
  return size > 0;
}

}  // namespace headrace::frame
