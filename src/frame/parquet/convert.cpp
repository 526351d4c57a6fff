#include "frame/parquet/convert.h"

#include <cstring>
#include <utility>

#include "frame/int128.h"
#include "frame/parquet/value_decoder.h"
#include "frame/view.h"

namespace headrace::frame::parquet {
namespace {

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class From, class To, class Convert>
void each(const std::byte* from, size_t count, std::byte* to, const Convert& convert) {
  for (size_t i = 0; i < count; ++i) {
    const To value = convert(load<From>(from + i * sizeof(From)));
    std::memcpy(to + i * sizeof(To), &value, sizeof value);
  }
}

template <class From, class To>
void cast(const std::byte* from, size_t count, std::byte* to) {
  each<From, To>(from, count, to, [](From value) { return static_cast<To>(value); });
}

/// Nanoseconds of a day, then a Julian day: how Impala and Hive wrote times.
void from_int96(const std::byte* from, size_t count, std::byte* to) {
  constexpr int64_t kEpoch = 2'440'588, kDay = 86'400'000'000'000;
  for (size_t i = 0; i < count; ++i) {
    const auto in_day = load<uint64_t>(from + i * 12);
    const int64_t day = load<int32_t>(from + i * 12 + 8) - kEpoch;
    // Wraps beyond the years 1677 to 2262, as every reader has it.
    const uint64_t value = static_cast<uint64_t>(day) * static_cast<uint64_t>(kDay) + in_day;
    std::memcpy(to + i * 8, &value, 8);
  }
}

/// Big-endian two's complement; false if it does not fit.
bool from_big_endian(std::string_view bytes, size_t width, Int128& value) {
  const bool negative = !bytes.empty() && (bytes[0] & 0x80) != 0;
  const char sign = negative ? '\xFF' : '\0';
  while (bytes.size() > width && bytes[0] == sign) bytes.remove_prefix(1);
  if (bytes.size() > width || (bytes.size() == width && width > 0 && ((bytes[0] & 0x80) != 0) != negative)) return false;
  UInt128 bits = negative ? ~UInt128{0} : UInt128{0};
  for (const char byte : bytes) bits = bits << 8 | static_cast<uint8_t>(byte);
  value = static_cast<Int128>(bits);
  return true;
}

Result<void> decimals_of_bytes(const Leaf& leaf, const std::byte* from, size_t count, const Blocks& blocks, std::byte* to) {
  const size_t width = leaf.value_type.value_bytes();
  for (size_t i = 0; i < count; ++i) {
    const View view = load<View>(from + i * sizeof(View));
    Int128 value = 0;
    if (!from_big_endian(bytes_of(view, blocks), width, value)) {
      return fail(ErrorKind::InvalidData, "has a decimal of more digits than its type");
    }
    std::memcpy(to + i * width, &value, width);  // the low bytes
  }
  return {};
}

template <class From>
void decimals(size_t width, const std::byte* from, size_t count, std::byte* to) {
  width == 8 ? cast<From, int64_t>(from, count, to) : cast<From, Int128>(from, count, to);
}

template <class From>
void narrow(size_t width, const std::byte* from, size_t count, std::byte* to) {
  width == 1 ? cast<From, uint8_t>(from, count, to) : cast<From, uint16_t>(from, count, to);
}

}  // namespace

bool are_values(const Leaf& leaf) {
  if (leaf.value_type.layout() != Layout::Fixed && leaf.value_type.layout() != Layout::Views) return false;
  const bool views = leaf.value_type.layout() == Layout::Views;
  const bool decoded_views = leaf.physical == Physical::ByteArray || leaf.physical == Physical::FixedByteArray;
  return views == decoded_views && leaf.value_type.value_bytes() == decoded_bytes(leaf.physical);
}

Result<void> convert(const Leaf& leaf, const std::byte* decoded, size_t count, const Blocks& blocks, std::byte* to) {
  const size_t width = leaf.value_type.value_bytes();
  const bool is_decimal = leaf.value_type.id() == TypeId::Decimal;
  switch (leaf.physical) {
    case Physical::Int32: is_decimal ? decimals<int32_t>(width, decoded, count, to) : narrow<int32_t>(width, decoded, count, to); return {};
    case Physical::Int64: is_decimal ? decimals<int64_t>(width, decoded, count, to) : narrow<int64_t>(width, decoded, count, to); return {};
    case Physical::Int96: from_int96(decoded, count, to); return {};
    case Physical::ByteArray:
    case Physical::FixedByteArray:
      if (is_decimal) return decimals_of_bytes(leaf, decoded, count, blocks, to);
      // Float16: two bytes.
      each<View, uint16_t>(decoded, count, to,
                           [](const View& view) { return load<uint16_t>(reinterpret_cast<const std::byte*>(&view) + 4); });
      return {};
    case Physical::Boolean:
    case Physical::Float:
    case Physical::Double: break;
  }
  std::unreachable();
}

}  // namespace headrace::frame::parquet
