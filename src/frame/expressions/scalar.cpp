#include <fmt/format.h>

#include <utility>

#include "frame/expression.h"
#include "frame/half.h"
#include "frame/show/values.h"

namespace headrace::frame {

Scalar Scalar::null(DataType type) {
  Scalar scalar;
  scalar.type_ = std::move(type);
  return scalar;
}

Scalar Scalar::of(DataType type, std::variant<bool, Int128, double, std::string> value) {
  Scalar scalar = null(std::move(type));
  scalar.value_ = std::move(value);
  return scalar;
}

Scalar Scalar::of(bool value) { return of(TypeId::Bool, value); }
Scalar Scalar::of(int64_t value) { return of(TypeId::Int64, Int128{value}); }
Scalar Scalar::of(double value) { return of(TypeId::Float64, value); }
Scalar Scalar::of(std::string value) { return of(TypeId::String, std::move(value)); }

Result<Scalar> Scalar::at(const Array& array, size_t row) {
  const DataType& type = array.type();
  if (!array.is_valid(row)) return null(type);
  const auto whole = [&](auto value) { return of(type, Int128{value}); };
  switch (type.id()) {
    case TypeId::Null: return null(type);
    case TypeId::Bool: return of(type, array.bits()[row]);
    case TypeId::Int8: return whole(array.data<int8_t>()[row]);
    case TypeId::Int16: return whole(array.data<int16_t>()[row]);
    case TypeId::Int32:
    case TypeId::Date: return whole(array.data<int32_t>()[row]);
    case TypeId::Int64:
    case TypeId::Datetime:
    case TypeId::Duration: return whole(array.data<int64_t>()[row]);
    case TypeId::UInt8: return whole(array.data<uint8_t>()[row]);
    case TypeId::UInt16: return whole(array.data<uint16_t>()[row]);
    case TypeId::UInt32: return whole(array.data<uint32_t>()[row]);
    case TypeId::UInt64: return whole(array.data<uint64_t>()[row]);
    case TypeId::Decimal: return of(type, decimal_at(array, row));
    case TypeId::Float16: return of(type, double{half_to_float(array.data<uint16_t>()[row])});
    case TypeId::Float32: return of(type, double{array.data<float>()[row]});
    case TypeId::Float64: return of(type, array.data<double>()[row]);
    case TypeId::Categorical: return of(TypeId::String, std::string(array.bytes(row)));
    case TypeId::String:
    case TypeId::Binary: return of(type, std::string(array.bytes(row)));
    case TypeId::List: return fail(ErrorKind::Unsupported, "a list is no single value");
  }
  std::unreachable();
}

}  // namespace headrace::frame
