#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"

namespace headrace::frame {

/// What the values of a column are.
enum class TypeId : uint8_t {
  Null,
  Bool,
  Int8,
  Int16,
  Int32,
  Int64,
  UInt8,
  UInt16,
  UInt32,
  UInt64,
  Float16,  ///< stored and cast, not calculated with
  Float32,
  Float64,
  Decimal,
  String,
  Binary,
  Date,
  Datetime,
  Duration,
  Categorical,
  List,
};

enum class TimeUnit : uint8_t { Millisecond, Microsecond, Nanosecond };

/// How many of a unit a second has.
int64_t per_second(TimeUnit unit);
/// "ms", "us" or "ns".
const char* name(TimeUnit unit);
/// InvalidArgument for anything else.
Result<TimeUnit> time_unit_of(std::string_view name);

/// How values of a type lie in memory.
enum class Layout : uint8_t {
  None,     ///< no values, as of Null
  Bits,     ///< one bit a value, lowest first
  Fixed,    ///< value_bytes() a value
  Views,    ///< a View a value, over shared blocks of bytes
  Offsets,  ///< Int64, one more than values, into a child
};

/// The type of a column: an id, and what the id leaves open. Small, cheap to copy.
class DataType {
 public:
  /// Ids that leave something open get: Decimal(38, 0), Datetime and Duration in microseconds, no zone, a list of nulls.
  DataType(TypeId id = TypeId::Null);  // NOLINT: an id is a type

  static constexpr int kGreatestPrecision = 38;
  /// Up to precision 18 a value is an Int64, beyond it two of them (little endian). InvalidArgument unless
  /// 1 <= precision <= 38 and 0 <= scale <= precision.
  static Result<DataType> decimal(int precision, int scale);
  /// Since 1970-01-01 00:00 UTC; an empty zone: of a clock that nobody placed.
  static DataType datetime(TimeUnit unit, std::string zone = {});
  static DataType duration(TimeUnit unit);
  static DataType list(DataType inner);

  TypeId id() const { return id_; }
  int precision() const { return precision_; }
  int scale() const { return scale_; }
  TimeUnit unit() const { return unit_; }
  const std::string& zone() const;
  /// Of what a list is one. Only of List.
  const DataType& inner() const { return *inner_; }

  Layout layout() const;
  /// Bytes of a value in a column's main buffer; 0 for None and Bits.
  size_t value_bytes() const;
  /// Bytes of so many rows in the main buffer.
  uint64_t bytes_of(uint64_t rows) const;

  bool is_signed_integer() const { return id_ >= TypeId::Int8 && id_ <= TypeId::Int64; }
  bool is_unsigned_integer() const { return id_ >= TypeId::UInt8 && id_ <= TypeId::UInt64; }
  bool is_integer() const { return is_signed_integer() || is_unsigned_integer(); }
  bool is_float() const { return id_ >= TypeId::Float16 && id_ <= TypeId::Float64; }
  /// Of numbers that can be calculated with.
  bool is_numeric() const { return id_ >= TypeId::Int8 && id_ <= TypeId::Decimal && id_ != TypeId::Float16; }
  bool is_temporal() const { return id_ >= TypeId::Date && id_ <= TypeId::Duration; }

  bool operator==(const DataType& other) const;

 private:
  TypeId id_;
  uint8_t precision_ = 0, scale_ = 0;
  TimeUnit unit_ = TimeUnit::Microsecond;
  std::shared_ptr<const std::string> zone_;
  std::shared_ptr<const DataType> inner_;
};

/// As Polars writes it: "Int64", "Decimal(15, 2)", "Datetime('us', 'UTC')", "List(UInt32)".
std::string to_string(const DataType& type);

}  // namespace headrace::frame
