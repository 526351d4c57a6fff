#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "frame/data_frame.h"
#include "frame/functions/calendar.h"
#include "frame/half.h"
#include "frame/show/values.h"

namespace headrace::frame {
namespace {

constexpr size_t kItemsShown = 10;

/// The shortest digits that give the number back, with a point so that it looks like one of its kind.
template <class T>
std::string number_text(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

std::string decimal_text(Int128 value, int scale) {
  const bool negative = value < 0;
  auto rest = negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  std::string digits;
  for (; rest > 0 || digits.size() <= static_cast<size_t>(scale); rest /= 10)
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  if (negative) digits += '-';
  std::ranges::reverse(digits);
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return digits;
}

std::string date_text(int64_t days) {
  const CivilDate date = civil_of(days);
  return fmt::format("{}{:04}-{:02}-{:02}", date.year < 0 ? "-" : "", std::abs(date.year), date.month, date.day);
}

int digits_of(TimeUnit unit) { return unit == TimeUnit::Millisecond ? 3 : unit == TimeUnit::Microsecond ? 6 : 9; }

std::string fraction_text(int64_t part, TimeUnit unit) { return part == 0 ? "" : fmt::format(".{:0{}}", part, digits_of(unit)); }

std::string datetime_text(int64_t value, const DataType& type) {
  const int64_t second = per_second(type.unit());
  const int64_t days = floor_divide(value, 86'400 * second);
  const int64_t in_day = value - days * 86'400 * second, seconds = in_day / second;
  return fmt::format("{} {:02}:{:02}:{:02}{}{}", date_text(days), seconds / 3600, seconds / 60 % 60, seconds % 60,
                     fraction_text(in_day % second, type.unit()), type.zone().empty() ? "" : " UTC");
}

/// 1d 2h 3m 4s 5ms, as far as there is something of each.
std::string duration_text(int64_t value, TimeUnit unit) {
  if (value == 0) return fmt::format("0{}", name(unit));
  const auto second = static_cast<uint64_t>(per_second(unit));
  uint64_t rest = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string text = value < 0 ? "-" : "";
  for (const auto& [length, letter] : {std::pair{86'400 * second, "d"}, {3'600 * second, "h"}, {60 * second, "m"}, {second, "s"}}) {
    if (rest >= length) text += fmt::format("{}{} ", rest / length, letter);
    rest %= length;
  }
  if (rest > 0) text += fmt::format("{}{} ", rest, name(unit));
  text.pop_back();
  return text;
}

std::string bytes_text(std::string_view bytes) {
  std::string text = "b\"";
  for (const char byte : bytes) {
    const bool plain = byte >= 32 && byte < 127 && byte != '"' && byte != '\\';
    text += plain ? std::string(1, byte) : fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
  }
  return text + '"';
}

std::string list_text(const Array& array, size_t row) {
  const auto begin = static_cast<size_t>(array.begin_of(row)), end = static_cast<size_t>(array.begin_of(row + 1));
  const bool quoted = array.items().type().id() == TypeId::String;
  std::string text = "[";
  for (size_t item = begin; item < end; ++item) {
    if (item > begin) text += ", ";
    if (item - begin == kItemsShown && end - begin > kItemsShown + 1) {
      text += "…";
      break;
    }
    const std::string value = to_text(array.items(), item);
    text += quoted && array.items().is_valid(item) ? '"' + value + '"' : value;
  }
  return text + "]";
}

}  // namespace

std::string to_text(const Array& array, size_t row) {
  if (!array.is_valid(row)) return "null";
  const DataType& type = array.type();
  switch (type.id()) {
    case TypeId::Null: return "null";
    case TypeId::Bool: return array.bits()[row] ? "true" : "false";
    case TypeId::Int8: return fmt::format("{}", array.data<int8_t>()[row]);
    case TypeId::Int16: return fmt::format("{}", array.data<int16_t>()[row]);
    case TypeId::Int32: return fmt::format("{}", array.data<int32_t>()[row]);
    case TypeId::Int64: return fmt::format("{}", array.data<int64_t>()[row]);
    case TypeId::UInt8: return fmt::format("{}", array.data<uint8_t>()[row]);
    case TypeId::UInt16: return fmt::format("{}", array.data<uint16_t>()[row]);
    case TypeId::UInt32: return fmt::format("{}", array.data<uint32_t>()[row]);
    case TypeId::UInt64: return fmt::format("{}", array.data<uint64_t>()[row]);
    case TypeId::Float16: return number_text(half_to_float(array.data<uint16_t>()[row]));
    case TypeId::Float32: return number_text(array.data<float>()[row]);
    case TypeId::Float64: return number_text(array.data<double>()[row]);
    case TypeId::Decimal: return decimal_text(decimal_at(array, row), type.scale());
    case TypeId::Categorical:
    case TypeId::String: return std::string(array.bytes(row));
    case TypeId::Binary: return bytes_text(array.bytes(row));
    case TypeId::Date: return date_text(array.data<int32_t>()[row]);
    case TypeId::Datetime: return datetime_text(array.data<int64_t>()[row], type);
    case TypeId::Duration: return duration_text(array.data<int64_t>()[row], type.unit());
    case TypeId::List: return list_text(array, row);
  }
  std::unreachable();
}

Int128 decimal_at(const Array& array, size_t row) {
  if (array.type().value_bytes() == 8) return array.data<int64_t>()[row];
  const auto* words = array.data<Int128>();
  Int128 value;
  std::memcpy(&value, words + row, sizeof value);  // another's memory may be aligned to 8 only
  return value;
}

}  // namespace headrace::frame
