#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "frame/array.h"
#include "frame/half.h"

namespace headrace::frame {

/// Numbers as unsigned ones of the same order: -0.0 as 0.0, every NaN as the greatest.
template <class T>
uint64_t ordered(T value) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return std::numeric_limits<uint64_t>::max();
    const auto bits = std::bit_cast<uint64_t>(static_cast<double>(value) + 0.0);  // -0.0 + 0.0 is 0.0
    return bits & kSign ? ~bits : bits | kSign;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<uint64_t>(static_cast<int64_t>(value)) ^ kSign;
  } else {
    return value;
  }
}

/// Whether ordered() makes one number of each value: bools, numbers and times of up to 64 bits.
inline bool is_one_word(const DataType& type) {
  return type.layout() == Layout::Bits || (type.layout() == Layout::Fixed && type.value_bytes() <= 8 && type.id() != TypeId::Categorical);
}

/// Calls each(a function from a row that has a value to its ordered number), of a type that is_one_word(): a loop for each type.
template <class Each>
void with_ordered(const Array& array, const Each& each) {
  const auto of = [&]<class T>(T*) { each([data = array.data<T>()](size_t row) { return ordered(data[row]); }); };
  switch (array.type().id()) {
    case TypeId::Bool: return each([bits = array.bits()](size_t row) { return uint64_t{bits[row]}; });
    case TypeId::Int8: return of(static_cast<int8_t*>(nullptr));
    case TypeId::Int16: return of(static_cast<int16_t*>(nullptr));
    case TypeId::Date:
    case TypeId::Int32: return of(static_cast<int32_t*>(nullptr));
    case TypeId::Datetime:
    case TypeId::Duration:
    case TypeId::Decimal:
    case TypeId::Int64: return of(static_cast<int64_t*>(nullptr));
    case TypeId::UInt8: return of(static_cast<uint8_t*>(nullptr));
    case TypeId::UInt16: return of(static_cast<uint16_t*>(nullptr));
    case TypeId::UInt32: return of(static_cast<uint32_t*>(nullptr));
    case TypeId::UInt64: return of(static_cast<uint64_t*>(nullptr));
    case TypeId::Float16: return each([data = array.data<uint16_t>()](size_t row) { return ordered(half_to_float(data[row])); });
    case TypeId::Float32: return of(static_cast<float*>(nullptr));
    case TypeId::Float64: return of(static_cast<double*>(nullptr));
    default: std::unreachable();
  }
}

}  // namespace headrace::frame
