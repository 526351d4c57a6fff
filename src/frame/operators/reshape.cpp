#include "frame/reshape.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "frame/columns/gather.h"
#include "frame/int128.h"
#include "frame/operators/gather_rows.h"

namespace headrace::frame {
namespace {

/// The row that gives each row its value: the last one before it with a value that is no more than `limit` away; backward, the next one.
Result<Array> filled(const Array& array, bool forward, uint64_t limit, const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<uint64_t> rows(array.size());
  uint64_t source = kNoRow, distance = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t row = forward ? i : rows.size() - 1 - i;
    const bool has = array.is_valid(row);
    distance = has ? 0 : distance + 1;
    if (has) source = row;
    rows[row] = distance <= limit ? source : kNoRow;
  }
  return gather(array, rows, budget);
}

/// Numbers without a pattern: splitmix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  /// One of [0, bound), each as likely as the others.
  uint64_t below(uint64_t bound) {
    for (;;) {
      const auto product = static_cast<UInt128>(next()) * bound;
      if (static_cast<uint64_t>(product) >= -bound % bound) return static_cast<uint64_t>(product >> 64);
    }
  }

 private:
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  uint64_t state_;
};

bool takes(const DataType& column, const DataType& value) {
  if (value.id() == TypeId::Null || column.id() == TypeId::Null) return false;
  return column.is_numeric() ? value.is_numeric() : column.id() == value.id();
}

}  // namespace

Result<DataFrame> reverse(const DataFrame& frame, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Buffer rows, Buffer::from_pool(frame.height() * sizeof(uint64_t), budget));
  for (size_t row = 0; row < frame.height(); ++row) rows.as<uint64_t>()[row] = frame.height() - 1 - row;
  return gather_rows(frame, {rows.as<uint64_t>(), frame.height()}, budget);
}

Result<DataFrame> with_row_index(const DataFrame& frame, std::string name, uint64_t offset, const std::shared_ptr<MemoryBudget>& budget) {
  if (offset + frame.height() > uint64_t{UINT32_MAX} + 1 || offset > UINT32_MAX) {
    return fail(ErrorKind::OutOfRange, fmt::format("The rows from {} to {} have no numbers of 32 bits.", offset, offset + frame.height()));
  }
  HR_TRY(Buffer values, Buffer::from_pool(frame.height() * sizeof(uint32_t), budget));
  std::iota(values.as<uint32_t>(), values.as<uint32_t>() + frame.height(), static_cast<uint32_t>(offset));
  HR_TRY(Array index, Array::make({.type = TypeId::UInt32, .size = frame.height(), .values = std::move(values)}));
  std::vector<Field> fields{{std::move(name), TypeId::UInt32}};
  std::vector<Column> columns{std::move(index)};
  std::ranges::copy(frame.schema().fields(), std::back_inserter(fields));
  std::ranges::copy(frame.columns(), std::back_inserter(columns));
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  return DataFrame::make(std::move(schema), std::move(columns), frame.height());
}

Result<DataFrame> drop(const DataFrame& frame, std::span<const std::string> names, bool strict) {
  for (const std::string& name : names) {
    if (strict) HR_CHECK(frame.schema().index_of(name));
  }
  std::vector<std::string> kept;
  for (const Field& field : frame.schema().fields()) {
    if (std::ranges::find(names, field.name) == names.end()) kept.push_back(field.name);
  }
  return frame.select(kept);
}

Result<DataFrame> rename(const DataFrame& frame, std::span<const std::pair<std::string, std::string>> names, bool strict) {
  std::vector<Field> fields(frame.schema().fields().begin(), frame.schema().fields().end());
  for (const auto& [from, to] : names) {
    const auto index = frame.schema().index_of(from);
    if (index) {
      fields[*index].name = to;
    } else if (strict) {
      return std::unexpected(index.error());
    }
  }
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  return DataFrame::make(std::move(schema), {frame.columns().begin(), frame.columns().end()}, frame.height());
}

Result<DataFrame> drop_nulls(const DataFrame& frame, std::span<const std::string> names, const std::shared_ptr<MemoryBudget>& budget) {
  std::optional<Expression> all;
  for (const std::string& name : names) {
    HR_TRY(const Column column, frame.column(name));
    if (column.nulls() == 0) continue;
    const Expression has = Expression::unary(UnaryOperator::IsNotNull, Expression::column(name));
    all = all ? Expression::binary(BinaryOperator::And, *all, has) : has;
  }
  return all ? filter(frame, *all, budget) : Result<DataFrame>(frame);
}

Result<DataFrame> fill_null(const DataFrame& frame, const Expression& value, const std::shared_ptr<MemoryBudget>& budget) {
  const Expression one[] = {value};
  HR_TRY(const DataFrame calculated, select(frame.slice(0, 0), one, budget));
  std::vector<Expression> filled;
  for (const Field& field : frame.schema().fields()) {
    if (!takes(field.type, calculated.schema()[0].type)) continue;
    const Expression column = Expression::column(field.name);
    filled.push_back(Expression::when(Expression::unary(UnaryOperator::IsNull, column), value, column).alias(field.name));
  }
  return filled.empty() ? Result<DataFrame>(frame) : with_columns(frame, filled, budget);
}

Result<DataFrame> fill_null(const DataFrame& frame, bool forward, uint64_t limit, const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Column> columns;
  for (const Column& column : frame.columns()) {
    if (column.nulls() == 0) {
      columns.push_back(column);
      continue;
    }
    HR_TRY(const Array array, contiguous(column, budget));
    HR_TRY(Array values, filled(array, forward, limit, budget));
    columns.emplace_back(std::move(values));
  }
  return DataFrame::make(frame.schema(), std::move(columns), frame.height());
}

Result<DataFrame> sample(const DataFrame& frame, uint64_t rows, const SampleOptions& options, const std::shared_ptr<MemoryBudget>& budget) {
  const uint64_t height = frame.height();
  if (rows > 0 && (options.with_replacement ? height == 0 : rows > height)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{} rows cannot be taken out of {}{}.", rows, height, height == 0 ? "" : " but with replacement"));
  }
  HR_TRY(const Buffer buffer, Buffer::from_pool(rows * sizeof(uint64_t), budget));
  const std::span<uint64_t> taken(buffer.as<uint64_t>(), rows);
  Random random(options.seed);
  if (options.with_replacement) {
    for (uint64_t& row : taken) row = random.below(height);
    if (!options.shuffle) std::ranges::sort(taken);
    return gather_rows(frame, taken, budget);
  }
  // Each row is taken by as many chances as are wanted out of those that are left.
  for (uint64_t row = 0, count = 0; count < rows; ++row) {
    if (random.below(height - row) < rows - count) taken[count++] = row;
  }
  if (options.shuffle) {
    for (uint64_t i = rows; i > 1; --i) std::swap(taken[i - 1], taken[random.below(i)]);
  }
  return gather_rows(frame, taken, budget);
}

}  // namespace headrace::frame
