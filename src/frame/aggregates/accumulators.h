#pragma once

#include <memory>
#include <utility>

#include "frame/aggregates/accumulator.h"
#include "frame/columns/growing_vector.h"
#include "frame/int128.h"

namespace headrace::frame {

using AccumulatorPointer = std::unique_ptr<Accumulator>;
using Budget = std::shared_ptr<MemoryBudget>;

// One function a file of accumulators.

/// Len, Count, NullCount.
AccumulatorPointer make_counter(AggregateOperator op, const Budget& budget);
/// Sum and Mean of whole numbers, Bool, Decimal and times.
AccumulatorPointer make_whole_sum(AggregateOperator op, const DataType& input, const DataType& result, const Budget& budget);
/// Sum, Mean, Std and Var of floats.
AccumulatorPointer make_float_sum(const Expression::Aggregate& what, const DataType& input, const Budget& budget);
/// Min and Max of values of a fixed width.
AccumulatorPointer make_extreme(AggregateOperator op, const DataType& input, const Budget& budget);
/// Any, All, Min and Max of Bool.
AccumulatorPointer make_truth(const Expression::Aggregate& what, const Budget& budget);
/// First and Last; Min and Max of bytes.
AccumulatorPointer make_pick(AggregateOperator op, const DataType& input, const Budget& budget);
/// NUnique.
AccumulatorPointer make_distinct(const DataType& input, const Budget& budget);
/// Median, Quantile, Product, Implode.
AccumulatorPointer make_collector(const Expression::Aggregate& what, const DataType& input, const DataType& result, const Budget& budget);

/// Calls each(row) for the rows that have a value.
template <class Each>
void each_valid(const Array& array, const Each& each) {
  if (array.nulls() == 0) {
    for (size_t row = 0; row < array.size(); ++row) each(row);
    return;
  }
  if (array.validity().is_absent()) return;  // of type Null
  const Bitmap& validity = array.validity();
  for (size_t row = 0; row < array.size(); ++row) {
    if (validity[row]) each(row);
  }
}

/// An array of fixed width, whose rows are valid where is_valid(row).
template <class T, class IsValid>
Result<Array> array_of(const DataType& type, const Buffer& values, size_t size, const IsValid& is_valid, const Budget& budget) {
  Array::Parts parts{.type = type, .size = size, .values = values};
  HR_TRY(parts.validity, Bitmap::zeros(size, budget));
  for (size_t row = 0; row < size; ++row) {
    if (is_valid(row)) parts.validity.set(row);
  }
  return Array::make(std::move(parts));
}

/// Calls with(T{}) for the type that a column's values have in memory: numbers, times, decimals; floats not of 16 bits.
template <class With>
auto with_type_of(const DataType& type, const With& with) {
  switch (type.id()) {
    case TypeId::UInt8: return with(uint8_t{});
    case TypeId::UInt16: return with(uint16_t{});
    case TypeId::UInt32: return with(uint32_t{});
    case TypeId::UInt64: return with(uint64_t{});
    case TypeId::Float32: return with(float{});
    case TypeId::Float64: return with(double{});
    default: break;
  }
  switch (type.value_bytes()) {
    case 1: return with(int8_t{});
    case 2: return with(int16_t{});
    case 4: return with(int32_t{});
    case 8: return with(int64_t{});
    default: return with(Int128{});
  }
}

}  // namespace headrace::frame
