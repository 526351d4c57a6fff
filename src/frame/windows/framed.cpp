// Aggregates of the rows that each row sees, by what was known of the row before.
#include <fmt/format.h>

#include <cmath>
#include <deque>
#include <utility>

#include "frame/aggregates/accumulators.h"
#include "frame/columns/gather.h"
#include "frame/keys/ordered.h"
#include "frame/windows/extents.h"

namespace headrace::frame {
namespace {

using enum AggregateOperator;

/// How many rows before each, and before the end, have a value.
std::vector<uint64_t> valid_before(const Array& values) {
  std::vector<uint64_t> before(values.size() + 1);
  for (size_t row = 0; row < values.size(); ++row) before[row + 1] = before[row] + values.is_valid(row);
  return before;
}

/// Which row each row takes its value from: the least value, or the greatest, of those that it sees.
template <class Comes>
std::vector<uint64_t> extreme_rows(const Array& values, const Extents& extents, const Starts& starts,
                                   const Comes& comes_before) {
  std::vector<uint64_t> rows(values.size(), kNoRow);
  std::deque<uint64_t> best;  // each comes before those behind it, and stands before them
  for (size_t group = 0; group + 1 < starts.size(); ++group) {
    best.clear();
    uint64_t next = starts[group];
    for (uint64_t row = starts[group]; row < starts[group + 1]; ++row) {
      for (; next < extents.end[row]; ++next) {
        if (!values.is_valid(next)) continue;
        while (!best.empty() && comes_before(next, best.back())) best.pop_back();
        best.push_back(next);
      }
      while (!best.empty() && best.front() < extents.begin[row]) best.pop_front();
      if (!best.empty()) rows[row] = best.front();
    }
  }
  return rows;
}

std::vector<uint64_t> extreme_rows(const FramedAggregate& aggregate, const Array& values, const Extents& extents,
                                   const Starts& starts) {
  const bool is_max = aggregate.what.op == Max;
  std::vector<uint64_t> rows;
  const auto of = [&](const auto& less) {
    rows = is_max ? extreme_rows(values, extents, starts, [&](uint64_t a, uint64_t b) { return less(b, a); })
                  : extreme_rows(values, extents, starts, less);
  };
  if (values.type().layout() == Layout::Views || values.type().id() == TypeId::Categorical) {
    of([&](uint64_t a, uint64_t b) { return values.bytes(a) < values.bytes(b); });
  } else if (values.type().value_bytes() == 16) {
    of([data = values.data<Int128>()](uint64_t a, uint64_t b) { return data[a] < data[b]; });
  } else {
    // NaN is the greatest number; where it wins always, of the least it is less than all.
    const uint64_t nan = aggregate.nan_wins && !is_max && values.type().is_float() ? UINT64_MAX : 0;
    with_ordered(values, [&](const auto& value) {
      of([&](uint64_t a, uint64_t b) {
        const uint64_t left = value(a), right = value(b);
        if (nan != 0 && (left == nan || right == nan)) return left == nan && right != nan;
        return left < right;
      });
    });
  }
  return rows;
}

/// Sums of whole numbers: of all rows before, one from the other.
template <class T>
std::vector<Int128> sums_before(const Array& values) {
  std::vector<Int128> before(values.size() + 1);
  for (size_t row = 0; row < values.size(); ++row) {
    before[row + 1] = before[row] + (values.is_valid(row) ? static_cast<Int128>(values.data<T>()[row]) : 0);
  }
  return before;
}
std::vector<Int128> sums_before(const Array& values) {
  if (values.type().id() != TypeId::Bool)
    return with_type_of(values.type(), [&]<class T>(T) { return sums_before<T>(values); });
  std::vector<Int128> before(values.size() + 1);
  const Bitmap bits = values.bits();
  for (size_t row = 0; row < values.size(); ++row) before[row + 1] = before[row] + (values.is_valid(row) && bits[row]);
  return before;
}

/// Calls each(row, sum) for sums of floats. What leaves is not taken off again, which would leave its rounding, or NaN,
/// behind: sums up to a row in the middle are kept, and the sum from there on.
template <class T, class Each>
void each_float_sum(const Array& values, const Extents& extents, const Starts& starts, const Each& each) {
  std::vector<double> up_to_middle(values.size() + 1);
  const auto value = [&](uint64_t row) {
    return values.is_valid(row) ? static_cast<double>(values.data<T>()[row]) : 0.0;
  };
  for (size_t group = 0; group + 1 < starts.size(); ++group) {
    uint64_t middle = starts[group], next = middle;
    double behind = 0;
    for (uint64_t row = starts[group]; row < starts[group + 1]; ++row) {
      const uint64_t begin = extents.begin[row], end = extents.end[row];
      for (; next < end; ++next) behind += value(next);
      if (begin > middle) {
        // The middle has been passed: all that is seen now lies before a new one.
        middle = std::max(next, begin);
        next = middle;
        up_to_middle[middle] = 0;
        for (uint64_t at = middle; at > begin; --at) up_to_middle[at - 1] = value(at - 1) + up_to_middle[at];
        behind = 0;
      }
      each(row, begin >= end ? 0.0 : (begin < middle ? up_to_middle[begin] : 0.0) + behind);
    }
  }
}

template <class T>
Result<Array> float_values(const FramedAggregate& aggregate, const Array& values, const Extents& extents,
                           const Starts& starts, const std::vector<uint64_t>& valid,
                           const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Buffer out, Buffer::allocate(values.size() * sizeof(T), budget));
  const auto count = [&](uint64_t row) { return valid[extents.end[row]] - valid[extents.begin[row]]; };
  const bool is_mean = aggregate.what.op == Mean;
  each_float_sum<T>(values, extents, starts, [&](uint64_t row, double sum) {
    out.as<T>()[row] = static_cast<T>(is_mean ? sum / static_cast<double>(count(row)) : sum);
  });
  const uint64_t least = std::max<uint64_t>(aggregate.least, is_mean ? 1 : 0);
  return array_of<T>(aggregate.result, out, values.size(), [&](size_t row) { return count(row) >= least; }, budget);
}

Result<Array> whole_values(const FramedAggregate& aggregate, const Array& values, const Extents& extents,
                           const std::vector<uint64_t>& valid, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Reservation reserved, Reservation::take(budget, (values.size() + 1) * sizeof(Int128)));
  const std::vector<Int128> before = sums_before(values);
  const auto sum = [&](size_t row) { return before[extents.end[row]] - before[extents.begin[row]]; };
  const auto count = [&](size_t row) { return valid[extents.end[row]] - valid[extents.begin[row]]; };
  if (aggregate.what.op == Mean) {
    HR_TRY(const Buffer out, Buffer::allocate(values.size() * sizeof(double), budget));
    double scale = 1;
    for (int i = 0; i < aggregate.input.scale(); ++i) scale *= 10;
    for (size_t row = 0; row < values.size(); ++row) {
      out.as<double>()[row] = static_cast<double>(sum(row)) / static_cast<double>(count(row)) / scale;
    }
    return array_of<double>(
        aggregate.result, out, values.size(),
        [&](size_t row) { return count(row) >= std::max<uint64_t>(1, aggregate.least); }, budget);
  }
  return with_type_of(aggregate.result, [&]<class T>(T) -> Result<Array> {
    HR_TRY(const Buffer out, Buffer::allocate(values.size() * sizeof(T), budget));
    for (size_t row = 0; row < values.size(); ++row) {
      const Int128 whole = sum(row);
      out.as<T>()[row] = static_cast<T>(whole);
      if (static_cast<Int128>(out.as<T>()[row]) != whole) {
        return fail(ErrorKind::OutOfRange,
                    fmt::format("a sum does not fit {}; cast to a wider type before", to_string(aggregate.result)));
      }
    }
    return array_of<T>(
        aggregate.result, out, values.size(), [&](size_t row) { return count(row) >= aggregate.least; }, budget);
  });
}

Result<Array> counts(const FramedAggregate& aggregate, const Extents& extents, const std::vector<uint64_t>& valid,
                     const std::shared_ptr<MemoryBudget>& budget) {
  const size_t rows = extents.begin.size();
  HR_TRY(Buffer out, Buffer::allocate(rows * sizeof(uint32_t), budget));
  for (size_t row = 0; row < rows; ++row) {
    const uint64_t all = extents.end[row] - extents.begin[row],
                   some = valid[extents.end[row]] - valid[extents.begin[row]];
    out.as<uint32_t>()[row] = static_cast<uint32_t>(aggregate.what.op == Len     ? all
                                                    : aggregate.what.op == Count ? some
                                                                                 : all - some);
  }
  return Array::make({.type = TypeId::UInt32, .size = rows, .values = std::move(out), .nulls = 0});
}

/// Any other aggregate: of each row's rows anew.
Result<Array> by_rows(const FramedAggregate& aggregate, const Array& values, const Extents& extents,
                      const std::shared_ptr<MemoryBudget>& budget) {
  auto accumulator = make_accumulator(aggregate.what, aggregate.input, aggregate.result, budget);
  HR_CHECK(accumulator->resize(values.size()));
  for (size_t row = 0; row < values.size(); ++row) {
    const size_t size = extents.end[row] - extents.begin[row];
    const Array seen = values.slice(extents.begin[row], size);
    const std::vector<uint32_t> groups(size, static_cast<uint32_t>(row));
    if (size > 0)
      HR_CHECK(accumulator->update({.input = &seen, .groups = groups, .places = {.first = extents.begin[row]}}));
  }
  return accumulator->finish();
}

}  // namespace

Result<Array> framed(const FramedAggregate& aggregate, const Array& values, const Extents& extents,
                     const Starts& starts, const std::shared_ptr<MemoryBudget>& budget) {
  const AggregateOperator op = aggregate.what.op;
  const std::vector<uint64_t> valid = valid_before(values);
  if (op == Len || op == Count || op == NullCount) return counts(aggregate, extents, valid, budget);
  if (values.nulls() == values.size() && values.size() > 0 && aggregate.least > 0)
    return Array::all_null(aggregate.result, values.size(), budget);
  if (op == First || op == Last || op == Min || op == Max) {
    std::vector<uint64_t> rows(values.size(), kNoRow);
    if (op == Min || op == Max) {
      if (values.nulls() < values.size()) rows = extreme_rows(aggregate, values, extents, starts);
    } else {
      for (size_t row = 0; row < rows.size(); ++row) {
        if (extents.begin[row] < extents.end[row]) rows[row] = op == First ? extents.begin[row] : extents.end[row] - 1;
      }
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      if (valid[extents.end[row]] - valid[extents.begin[row]] < aggregate.least) rows[row] = kNoRow;
    }
    return gather(values, rows, budget);
  }
  if ((op == Sum || op == Mean) && values.type().id() == TypeId::Float64)
    return float_values<double>(aggregate, values, extents, starts, valid, budget);
  if ((op == Sum || op == Mean) && values.type().id() == TypeId::Float32)
    return float_values<float>(aggregate, values, extents, starts, valid, budget);
  const bool is_whole =
      values.type().is_integer() || values.type().id() == TypeId::Bool || values.type().id() == TypeId::Decimal;
  if (is_whole && (op == Sum || op == Mean)) return whole_values(aggregate, values, extents, valid, budget);
  HR_TRY(Array made, by_rows(aggregate, values, extents, budget));
  if (aggregate.least == 0) return made;
  std::vector<uint64_t> rows(values.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    rows[row] = valid[extents.end[row]] - valid[extents.begin[row]] < aggregate.least ? kNoRow : row;
  }
  return gather(made, rows, budget);
}

}  // namespace headrace::frame
