#include "frame/parquet/write/stored_type.h"

#include <fmt/format.h>

namespace headrace::frame::parquet {
namespace {

/// Numbers of the format's ConvertedType, for readers that know no logical types.
enum Converted : int32_t { kUtf8 = 0, kList = 3, kDecimal = 5, kDate = 6, kMillis = 9, kMicros = 10, kUInt8 = 11, kInt8 = 15 };

void add_integer(ThriftWriter& out, int bits, bool is_signed) {
  const int place = bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3;
  out.add_int32(6, (is_signed ? kInt8 : kUInt8) + place);
  out.begin_struct(10);
  out.begin_struct(10);
  out.add_int8(1, static_cast<int8_t>(bits));
  out.add_bool(2, is_signed);
  out.end_struct();
  out.end_struct();
}

void add_timestamp(ThriftWriter& out, const DataType& type) {
  const bool is_utc = !type.zone().empty();
  if (is_utc && type.unit() != TimeUnit::Nanosecond) out.add_int32(6, type.unit() == TimeUnit::Millisecond ? kMillis : kMicros);
  out.begin_struct(10);
  out.begin_struct(8);
  out.add_bool(1, is_utc);
  out.begin_struct(2);
  out.add_empty_struct(type.unit() == TimeUnit::Millisecond ? 1 : type.unit() == TimeUnit::Microsecond ? 2 : 3);
  out.end_struct();
  out.end_struct();
  out.end_struct();
}

void add_decimal(ThriftWriter& out, const DataType& type) {
  out.add_int32(6, kDecimal);
  out.add_int32(7, type.scale());
  out.add_int32(8, type.precision());
  out.begin_struct(10);
  out.begin_struct(5);
  out.add_int32(1, type.scale());
  out.add_int32(2, type.precision());
  out.end_struct();
  out.end_struct();
}

/// What values mean: ConvertedType and LogicalType.
void add_meaning(ThriftWriter& out, const DataType& type) {
  const auto logical = [&](int16_t kind) {
    out.begin_struct(10);
    out.add_empty_struct(kind);
    out.end_struct();
  };
  if (type.is_integer()) return add_integer(out, static_cast<int>(type.value_bytes() * 8), type.is_signed_integer());
  switch (type.id()) {
    case TypeId::String:
    case TypeId::Categorical: out.add_int32(6, kUtf8); return logical(1);
    case TypeId::Decimal: return add_decimal(out, type);
    case TypeId::Date: out.add_int32(6, kDate); return logical(6);
    case TypeId::Datetime: return add_timestamp(out, type);
    case TypeId::Null: return logical(11);
    case TypeId::Float16: return logical(15);
    default: return;
  }
}

enum class Repeats : int32_t { Required, Optional, Repeated };

void add_group(ThriftWriter& out, std::string_view name, Repeats repeats, bool is_list) {
  out.begin_item();
  out.add_int32(3, static_cast<int32_t>(repeats));
  out.add_bytes(4, name);
  out.add_int32(5, 1);
  if (is_list) {
    out.add_int32(6, kList);
    out.begin_struct(10);
    out.add_empty_struct(3);
    out.end_struct();
  }
  out.end_struct();
}

void add_element(ThriftWriter& out, std::string_view name, const DataType& type) {
  if (type.id() == TypeId::List) {
    add_group(out, name, Repeats::Optional, true);
    add_group(out, "list", Repeats::Repeated, false);
    return add_element(out, "element", type.inner());
  }
  const StoredType stored = stored_type_of(type);
  out.begin_item();
  out.add_int32(1, static_cast<int32_t>(stored.physical));
  if (stored.physical == Physical::FixedByteArray) out.add_int32(2, stored.fixed_bytes);
  out.add_int32(3, static_cast<int32_t>(Repeats::Optional));
  out.add_bytes(4, name);
  add_meaning(out, type);
  out.end_struct();
}

}  // namespace

const DataType& leaf_type(const DataType& type) { return type.id() == TypeId::List ? leaf_type(type.inner()) : type; }
int list_depth(const DataType& type) { return type.id() == TypeId::List ? 1 + list_depth(type.inner()) : 0; }
int32_t schema_elements(const DataType& type) { return 1 + 2 * list_depth(type); }

StoredType stored_type_of(const DataType& leaf) {
  switch (leaf.id()) {
    case TypeId::Bool: return {Physical::Boolean, 0};
    case TypeId::Float16: return {Physical::FixedByteArray, 2};
    case TypeId::Float32: return {Physical::Float, 4};
    case TypeId::Float64: return {Physical::Double, 8};
    case TypeId::String:
    case TypeId::Binary:
    case TypeId::Categorical: return {Physical::ByteArray, 0};
    case TypeId::Decimal:
      if (leaf.value_bytes() == 16) return {Physical::FixedByteArray, 16};
      return leaf.precision() <= 9 ? StoredType{Physical::Int32, 4} : StoredType{Physical::Int64, 8};
    default: return leaf.value_bytes() == 8 ? StoredType{Physical::Int64, 8} : StoredType{Physical::Int32, 4};
  }
}

Result<void> check_written(const Field& field) {
  const DataType& leaf = leaf_type(field.type);
  const auto refused = [&](std::string_view why) {
    return fail(ErrorKind::Unsupported, fmt::format("Column {:?}: Parquet has no {}; {}.", field.name, to_string(leaf), why), field.name);
  };
  if (leaf.id() == TypeId::Duration) return refused("cast it to Int64");
  if (leaf.id() == TypeId::Datetime && !leaf.zone().empty() && leaf.zone() != "UTC") return refused("of clocks it knows UTC's");
  return {};
}

void add_schema(ThriftWriter& out, const Field& field) { add_element(out, field.name, field.type); }

std::vector<std::string> path_of(const Field& field) {
  std::vector<std::string> path{field.name};
  for (int i = 0; i < list_depth(field.type); ++i) path.insert(path.end(), {"list", "element"});
  return path;
}

}  // namespace headrace::frame::parquet
