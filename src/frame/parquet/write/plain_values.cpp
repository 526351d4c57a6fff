#include "frame/parquet/write/plain_values.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "frame/int128.h"

namespace headrace::frame::parquet {
namespace {

template <class T>
void append_as(const Array& values, std::string& out) {
  for (const T value : values.values<T>()) {
    const auto wide = static_cast<int32_t>(value);
    out.append(reinterpret_cast<const char*>(&wide), sizeof(wide));
  }
}

/// Two's complement, the highest byte first.
void append_wide(const Array& values, std::string& out) {
  for (const Int128 value : values.values<Int128>()) {
    for (int shift = 120; shift >= 0; shift -= 8) out += static_cast<char>(static_cast<UInt128>(value) >> shift);
  }
}

template <class T>
T read(const std::string& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

}  // namespace

void append_fixed(const Array& values, const StoredType& stored, std::string& out) {
  const DataType& type = values.type();
  switch (type.id()) {
    case TypeId::Int8: return append_as<int8_t>(values, out);
    case TypeId::Int16: return append_as<int16_t>(values, out);
    case TypeId::UInt8: return append_as<uint8_t>(values, out);
    case TypeId::UInt16: return append_as<uint16_t>(values, out);
    default: break;
  }
  if (type.id() == TypeId::Decimal && type.value_bytes() == 16) return append_wide(values, out);
  if (type.id() == TypeId::Decimal && stored.physical == Physical::Int32) return append_as<int64_t>(values, out);
  const char* bytes = values.buffer().as<char>() + values.offset() * type.value_bytes();
  out.append(bytes, values.size() * type.value_bytes());
}

void append_bits(const std::vector<Array>& values, std::string& out) {
  unsigned byte = 0, filled = 0;
  for (const Array& array : values) {
    const Bitmap bits = array.bits();
    for (size_t row = 0; row < array.size(); ++row) {
      byte |= static_cast<unsigned>(bits[row]) << filled;
      if (++filled < 8) continue;
      out += static_cast<char>(byte);
      byte = filled = 0;
    }
  }
  if (filled > 0) out += static_cast<char>(byte);
}

template <class T>
void Bounds::note(T least, T greatest) {
  const auto text = [](const T& value) { return std::string(reinterpret_cast<const char*>(&value), sizeof(T)); };
  if (!least_ || least < read<T>(*least_)) least_ = text(least);
  if (!greatest_ || read<T>(*greatest_) < greatest) greatest_ = text(greatest);
}

/// NaN is no value for bounds; zeros of both signs are within them.
template <class T>
void Bounds::add_numbers(const Array& values) {
  using Wide = std::conditional_t<std::is_floating_point_v<T> || sizeof(T) == 8, T, int32_t>;
  bool has_any = false;
  Wide least{}, greatest{};
  for (const T value : values.values<T>()) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) continue;
    }
    const auto wide = static_cast<Wide>(value);
    least = has_any ? std::min(least, wide) : wide;
    greatest = has_any ? std::max(greatest, wide) : wide;
    has_any = true;
  }
  if (!has_any) return;
  if constexpr (std::is_floating_point_v<T>) {
    if (least == 0) least = -T{0};
    if (greatest == 0) greatest = T{0};
  }
  note(least, greatest);
}

void Bounds::add_texts(const Array& values) {
  constexpr size_t kLongest = 256;
  for (size_t row = 0; row < values.size(); ++row) {
    const std::string_view text = values.bytes(row);
    if (least_ && std::string_view(*least_) <= text && text <= std::string_view(*greatest_)) continue;
    is_known_ = is_known_ && text.size() <= kLongest;
    if (!is_known_) return;
    if (!least_ || text < std::string_view(*least_)) least_ = std::string(text);
    if (!greatest_ || text > std::string_view(*greatest_)) greatest_ = std::string(text);
  }
}

void Bounds::add_bools(const Array& values) {
  const Bitmap bits = values.bits();
  for (size_t row = 0; row < values.size(); ++row) {
    const auto value = static_cast<uint8_t>(bits[row]);
    note(value, value);
  }
}

void Bounds::add(const Array& values) {
  if (!is_known_) return;
  switch (type_.id()) {
    case TypeId::Bool: return add_bools(values);
    case TypeId::Int8: return add_numbers<int8_t>(values);
    case TypeId::Int16: return add_numbers<int16_t>(values);
    case TypeId::Int32:
    case TypeId::Date: return add_numbers<int32_t>(values);
    case TypeId::Int64:
    case TypeId::Datetime: return add_numbers<int64_t>(values);
    case TypeId::UInt8: return add_numbers<uint8_t>(values);
    case TypeId::UInt16: return add_numbers<uint16_t>(values);
    case TypeId::UInt64: return add_numbers<uint64_t>(values);
    case TypeId::Float32: return add_numbers<float>(values);
    case TypeId::Float64: return add_numbers<double>(values);
    case TypeId::String:
    case TypeId::Binary:
    case TypeId::Categorical: return add_texts(values);
    default: is_known_ = false;
  }
}

}  // namespace headrace::frame::parquet
