// Functions of all rows up to the row: sums, products, counts, extremes; a reversed one is of all rows from it on.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "frame/aggregates/accumulators.h"
#include "frame/aggregates/types.h"
#include "frame/columns/gather.h"
#include "frame/keys/ordered.h"
#include "frame/windows/sequence.h"

namespace headrace::frame {
namespace {

/// Calls begin() at the first and each(row) at every row of each group, `reverse`: from the last one on.
template <class Begin, class Each>
Result<void> each_running(const SequenceCall& call, bool reverse, const Begin& begin, const Each& each) {
  for (size_t group = 0; group < call.groups(); ++group) {
    const uint64_t first = call.starts[group], end = call.starts[group + 1];
    begin();
    for (uint64_t i = first; i < end; ++i) HR_CHECK(each(reverse ? end - 1 - (i - first) : i));
  }
  return {};
}

struct Plus {
  static constexpr const char* kName = "cum_sum";
  static constexpr int kFirst = 0;
  template <class T>
  static bool apply(T& total, T value) {
    if constexpr (!std::is_floating_point_v<T>) return !__builtin_add_overflow(total, value, &total);
    total += value;
    return true;
  }
};
struct Times {
  static constexpr const char* kName = "cum_prod";
  static constexpr int kFirst = 1;
  template <class T>
  static bool apply(T& total, T value) {
    if constexpr (!std::is_floating_point_v<T>) return !__builtin_mul_overflow(total, value, &total);
    total *= value;
    return true;
  }
};

/// Decimals of `Total` 128 bits have their digits checked; the values are those of 64 bits or as wide.
Int128 decimal_bound(const DataType& type) {
  Int128 bound = 1;
  for (int i = 0; i < type.precision(); ++i) bound *= 10;
  return bound;
}

template <class Step, class T>
Result<SequenceValues> running(const SequenceCall& call, const DataType& type, bool reverse) {
  const Array& input = call.inputs[0];
  Array::Parts parts{.type = type, .size = call.rows(), .validity = input.validity()};
  HR_TRY(parts.values, Buffer::allocate(call.rows() * sizeof(T), call.budget));
  T* out = parts.values.as<T>();
  const T* values = input.nulls() == input.size() ? nullptr : input.data<T>();
  const bool is_decimal = type.id() == TypeId::Decimal;
  const Int128 bound = is_decimal ? decimal_bound(type) : 0;
  T total{};
  HR_CHECK(each_running(
      call, reverse, [&] { total = static_cast<T>(Step::kFirst); },
      [&](uint64_t row) -> Result<void> {
        if (!input.is_valid(row)) return {};
        bool fits = Step::apply(total, values[row]);
        if constexpr (std::is_same_v<T, Int128>) fits = fits && (!is_decimal || (total < bound && total > -bound));
        if (!fits) {
          return fail(ErrorKind::OutOfRange,
                      fmt::format("{} does not fit {}; cast to a wider type before", Step::kName, to_string(type)));
        }
        out[row] = total;
        return {};
      }));
  HR_TRY(Array made, Array::make(std::move(parts)));
  return SequenceValues{std::move(made)};
}

template <class Step>
BoundSequence bind_running(const DataType& type, bool reverse) {
  BoundSequence bound{.inputs = {type}, .result = type, .evaluate = {}};
  bound.evaluate = [type, reverse](const SequenceCall& call) {
    return with_type_of(type, [&]<class T>(T) { return running<Step, T>(call, type, reverse); });
  };
  return bound;
}

Result<BoundSequence> bind_cum_sum(SequenceTypes inputs, SequenceOptions options) {
  const bool is_temporal = inputs[0].is_temporal() && inputs[0].id() != TypeId::Duration;
  const auto types = types_of({.op = AggregateOperator::Sum}, inputs[0]);
  if (!types || is_temporal)
    return fail(ErrorKind::InvalidArgument, fmt::format("{} has no cum_sum; cast it", to_string(inputs[0])));
  return bind_running<Plus>(types->result, options[0].as_bool());
}

Result<BoundSequence> bind_cum_prod(SequenceTypes inputs, SequenceOptions options) {
  const DataType& input = inputs[0];
  const bool is_number = input.id() == TypeId::Bool || (input.is_numeric() && input.id() != TypeId::Decimal);
  if (!is_number) return fail(ErrorKind::InvalidArgument, fmt::format("{} has no cum_prod; cast it", to_string(input)));
  const DataType type = input.is_float() || input.id() == TypeId::UInt64 ? input : DataType(TypeId::Int64);
  return bind_running<Times>(type, options[0].as_bool());
}

Result<BoundSequence> bind_cum_count(SequenceTypes inputs, SequenceOptions options) {
  BoundSequence bound{.inputs = {inputs[0]}, .result = TypeId::UInt32, .evaluate = {}};
  bound.evaluate = [reverse = options[0].as_bool()](const SequenceCall& call) -> Result<SequenceValues> {
    HR_TRY(Buffer values, Buffer::allocate(call.rows() * sizeof(uint32_t), call.budget));
    uint32_t count = 0;
    HR_CHECK(each_running(
        call, reverse, [&] { count = 0; },
        [&](uint64_t row) -> Result<void> {
          count += call.inputs[0].is_valid(row);
          values.as<uint32_t>()[row] = count;
          return {};
        }));
    HR_TRY(Array made,
           Array::make({.type = TypeId::UInt32, .size = call.rows(), .values = std::move(values), .nulls = 0}));
    return SequenceValues{std::move(made)};
  };
  return bound;
}

/// Whether a value comes before another: calls with(less(row, row)). NaN is no value to either.
template <class With>
void with_less(const Array& array, const With& with) {
  if (array.type().layout() == Layout::Views) {
    with([&](uint64_t a, uint64_t b) { return array.bytes(a) < array.bytes(b); });
  } else if (array.type().id() == TypeId::Decimal && array.type().value_bytes() == 16) {
    with([data = array.data<Int128>()](uint64_t a, uint64_t b) { return data[a] < data[b]; });
  } else {
    with_ordered(array, [&](const auto& value) { with([&](uint64_t a, uint64_t b) { return value(a) < value(b); }); });
  }
}

bool is_nan_at(const Array& array, uint64_t row) {
  if (array.type().id() == TypeId::Float64) return std::isnan(array.data<double>()[row]);
  return array.type().id() == TypeId::Float32 && std::isnan(array.data<float>()[row]);
}

Result<BoundSequence> bind_extreme(SequenceTypes inputs, SequenceOptions options, bool is_max) {
  if (inputs[0].id() == TypeId::List || inputs[0].id() == TypeId::Categorical || inputs[0].id() == TypeId::Float16) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{} has no {}", to_string(inputs[0]), is_max ? "cum_max" : "cum_min"));
  }
  BoundSequence bound{.inputs = {inputs[0]}, .result = inputs[0], .evaluate = {}};
  bound.evaluate = [reverse = options[0].as_bool(), is_max](const SequenceCall& call) -> Result<SequenceValues> {
    const Array& input = call.inputs[0];
    if (input.nulls() == input.size()) return SequenceValues{input};
    std::vector<uint64_t> rows(call.rows(), kNoRow);
    with_less(input, [&](const auto& less) {
      uint64_t best = kNoRow;
      static_cast<void>(each_running(
          call, reverse, [&] { best = kNoRow; },
          [&](uint64_t row) -> Result<void> {
            if (!input.is_valid(row)) return {};
            const bool is_first = best == kNoRow || is_nan_at(input, best);
            if (is_first || (!is_nan_at(input, row) && (is_max ? less(best, row) : less(row, best)))) best = row;
            rows[row] = best;
            return {};
          }));
    });
    HR_TRY(Array made, gather(input, rows, call.budget));
    return SequenceValues{std::move(made)};
  };
  return bound;
}
Result<BoundSequence> bind_cum_min(SequenceTypes inputs, SequenceOptions options) {
  return bind_extreme(inputs, options, false);
}
Result<BoundSequence> bind_cum_max(SequenceTypes inputs, SequenceOptions options) {
  return bind_extreme(inputs, options, true);
}

/// The numbers of rows in their groups, from an offset on, in steps.
Result<BoundSequence> bind_row_number(SequenceTypes inputs, SequenceOptions options) {
  const DataType type = options[2].type();
  if (!type.is_integer())
    return fail(ErrorKind::InvalidArgument, fmt::format("{} is no type of whole numbers", to_string(type)));
  BoundSequence bound{.inputs = {inputs.begin(), inputs.end()}, .result = type, .counts_rows = true, .evaluate = {}};
  bound.evaluate = [type, first = options[0].as_whole(), step = options[1].as_whole()](const SequenceCall& call) {
    return with_type_of(type, [&]<class T>(T) -> Result<SequenceValues> {
      HR_TRY(Buffer values, Buffer::allocate(call.rows() * sizeof(T), call.budget));
      for (size_t group = 0; group < call.groups(); ++group) {
        Int128 number = first;
        for (uint64_t row = call.starts[group]; row < call.starts[group + 1]; ++row, number += step) {
          const T narrow = static_cast<T>(number);
          if (static_cast<Int128>(narrow) != number)
            return fail(ErrorKind::OutOfRange, fmt::format("{} does not fit {}", number, to_string(type)));
          values.as<T>()[row] = narrow;
        }
      }
      HR_TRY(Array made, Array::make({.type = type, .size = call.rows(), .values = std::move(values), .nulls = 0}));
      return SequenceValues{std::move(made)};
    });
  };
  return bound;
}

constexpr SequenceEntry kEntries[] = {
    {"cum_sum", 1, 1, 1, bind_cum_sum}, {"cum_prod", 1, 1, 1, bind_cum_prod}, {"cum_count", 1, 1, 1, bind_cum_count},
    {"cum_min", 1, 1, 1, bind_cum_min}, {"cum_max", 1, 1, 1, bind_cum_max},   {"row_number", 0, 1, 3, bind_row_number},
};

}  // namespace

std::span<const SequenceEntry> running_sequences() { return kEntries; }

}  // namespace headrace::frame
