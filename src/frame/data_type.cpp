#include "frame/data_type.h"

#include <fmt/format.h>

#include <utility>

namespace headrace::frame {
namespace {

const char* plain_name(TypeId id) {
  switch (id) {
    case TypeId::Null: return "Null";
    case TypeId::Bool: return "Boolean";
    case TypeId::Int8: return "Int8";
    case TypeId::Int16: return "Int16";
    case TypeId::Int32: return "Int32";
    case TypeId::Int64: return "Int64";
    case TypeId::UInt8: return "UInt8";
    case TypeId::UInt16: return "UInt16";
    case TypeId::UInt32: return "UInt32";
    case TypeId::UInt64: return "UInt64";
    case TypeId::Float16: return "Float16";
    case TypeId::Float32: return "Float32";
    case TypeId::Float64: return "Float64";
    case TypeId::Decimal: return "Decimal";
    case TypeId::String: return "String";
    case TypeId::Binary: return "Binary";
    case TypeId::Date: return "Date";
    case TypeId::Datetime: return "Datetime";
    case TypeId::Duration: return "Duration";
    case TypeId::Categorical: return "Categorical";
    case TypeId::List: return "List";
  }
  std::unreachable();
}

constexpr int kPrecisionOfInt64 = 18;

}  // namespace

int64_t per_second(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::Millisecond: return 1'000;
    case TimeUnit::Microsecond: return 1'000'000;
    case TimeUnit::Nanosecond: return 1'000'000'000;
  }
  std::unreachable();
}

const char* name(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::Millisecond: return "ms";
    case TimeUnit::Microsecond: return "us";
    case TimeUnit::Nanosecond: return "ns";
  }
  std::unreachable();
}

Result<TimeUnit> time_unit_of(std::string_view name) {
  if (name == "ms") return TimeUnit::Millisecond;
  if (name == "us" || name == "μs") return TimeUnit::Microsecond;
  if (name == "ns") return TimeUnit::Nanosecond;
  return fail(ErrorKind::InvalidArgument, fmt::format("{:?} is not a unit of time; ms, us and ns are.", name), std::string(name));
}

DataType::DataType(TypeId id) : id_(id) {
  if (id == TypeId::Decimal) precision_ = kGreatestPrecision;
  if (id == TypeId::List) inner_ = std::make_shared<const DataType>(TypeId::Null);
}

Result<DataType> DataType::decimal(int precision, int scale) {
  if (precision < 1 || precision > kGreatestPrecision || scale < 0 || scale > precision) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("A decimal has 1 to 38 digits and no more of them behind the point than in all, not precision {} and scale {}.",
                            precision, scale));
  }
  DataType type(TypeId::Decimal);
  type.precision_ = static_cast<uint8_t>(precision);
  type.scale_ = static_cast<uint8_t>(scale);
  return type;
}

DataType DataType::datetime(TimeUnit unit, std::string zone) {
  DataType type(TypeId::Datetime);
  type.unit_ = unit;
  if (!zone.empty()) type.zone_ = std::make_shared<const std::string>(std::move(zone));
  return type;
}

DataType DataType::duration(TimeUnit unit) {
  DataType type(TypeId::Duration);
  type.unit_ = unit;
  return type;
}

DataType DataType::list(DataType inner) {
  DataType type(TypeId::List);
  type.inner_ = std::make_shared<const DataType>(std::move(inner));
  return type;
}

const std::string& DataType::zone() const {
  static const std::string kNone;
  return zone_ ? *zone_ : kNone;
}

Layout DataType::layout() const {
  switch (id_) {
    case TypeId::Null: return Layout::None;
    case TypeId::Bool: return Layout::Bits;
    case TypeId::String:
    case TypeId::Binary: return Layout::Views;
    case TypeId::List: return Layout::Offsets;
    default: return Layout::Fixed;
  }
}

size_t DataType::value_bytes() const {
  switch (id_) {
    case TypeId::Null:
    case TypeId::Bool: return 0;
    case TypeId::Int8:
    case TypeId::UInt8: return 1;
    case TypeId::Int16:
    case TypeId::UInt16:
    case TypeId::Float16: return 2;
    case TypeId::Int32:
    case TypeId::UInt32:
    case TypeId::Float32:
    case TypeId::Date:
    case TypeId::Categorical: return 4;
    case TypeId::Int64:
    case TypeId::UInt64:
    case TypeId::Float64:
    case TypeId::Datetime:
    case TypeId::Duration:
    case TypeId::List: return 8;
    case TypeId::String:
    case TypeId::Binary: return 16;
    case TypeId::Decimal: return precision_ <= kPrecisionOfInt64 ? 8 : 16;
  }
  std::unreachable();
}

uint64_t DataType::bytes_of(uint64_t rows) const {
  switch (layout()) {
    case Layout::None: return 0;
    case Layout::Bits: return (rows + 7) / 8;
    case Layout::Offsets: return (rows + 1) * 8;
    case Layout::Fixed:
    case Layout::Views: return rows * value_bytes();
  }
  std::unreachable();
}

bool DataType::operator==(const DataType& other) const {
  if (id_ != other.id_) return false;
  switch (id_) {
    case TypeId::Decimal: return precision_ == other.precision_ && scale_ == other.scale_;
    case TypeId::Datetime: return unit_ == other.unit_ && zone() == other.zone();
    case TypeId::Duration: return unit_ == other.unit_;
    case TypeId::List: return inner() == other.inner();
    default: return true;
  }
}

std::string to_string(const DataType& type) {
  switch (type.id()) {
    case TypeId::Decimal: return fmt::format("Decimal({}, {})", type.precision(), type.scale());
    case TypeId::Datetime:
      if (type.zone().empty()) return fmt::format("Datetime('{}')", name(type.unit()));
      return fmt::format("Datetime('{}', '{}')", name(type.unit()), type.zone());
    case TypeId::Duration: return fmt::format("Duration('{}')", name(type.unit()));
    case TypeId::List: return fmt::format("List({})", to_string(type.inner()));
    default: return plain_name(type.id());
  }
}

}  // namespace headrace::frame
