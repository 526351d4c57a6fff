#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include "frame/data_type.h"
#include "frame/int128.h"

namespace headrace::frame::csv {

// Values as fields of text write them. Up to kPadding bytes behind the text may be read. False: it is no such value.

/// The digits of at most eight bytes as a number; the bytes before them in the word are dropped.
inline bool read_digits(const char* text, size_t size, uint64_t& value) {
  uint64_t word = 0;
  std::memcpy(&word, text, 8);
  constexpr uint64_t kZeros = 0x3030303030303030;
  if (size < 8) word = size == 0 ? kZeros : word << (64 - 8 * size) | kZeros >> (8 * size);
  // A digit's upper half is 3, and stays 3 when 6 is added.
  constexpr uint64_t kHigh = 0xF0F0F0F0F0F0F0F0;
  if ((word & kHigh) != kZeros || ((word + 0x0606060606060606) & kHigh) != kZeros) return false;
  word -= kZeros;
  word = word * 10 + (word >> 8);
  constexpr uint64_t kPairs = 0x000000FF000000FF;
  value = ((word & kPairs) * 0x000F424000000064 + ((word >> 16) & kPairs) * 0x0000271000000001) >> 32;
  return true;
}

/// Up to nineteen digits.
inline bool read_long_digits(const char* text, size_t size, uint64_t& value) {
  uint64_t part = 0;
  value = 0;
  size_t first = size % 8;
  if (first != 0 && !read_digits(text, first, value)) return false;
  for (size_t at = first; at < size; at += 8) {
    if (!read_digits(text + at, 8, part)) return false;
    value = value * 100'000'000 + part;
  }
  return true;
}

/// Rarer forms: a sign +, zeros in front, blanks before.
bool read_odd_whole(std::string_view text, Int128& value);

template <class T>
bool read_whole(std::string_view text, T& value) {
  const bool is_negative = text.size() > 1 && text[0] == '-';
  const size_t digits = text.size() - is_negative;
  uint64_t size = 0;
  if (digits <= 18 && digits > 0 && (!is_negative || std::is_signed_v<T>) && read_long_digits(text.data() + is_negative, digits, size)) {
    const int64_t signed_value = is_negative ? -static_cast<int64_t>(size) : static_cast<int64_t>(size);
    value = static_cast<T>(signed_value);
    return std::is_same_v<T, uint64_t> || static_cast<int64_t>(value) == signed_value;
  }
  Int128 wide = 0;
  if (!read_odd_whole(text, wide) || (!std::is_signed_v<T> && is_negative)) return false;
  if (wide < Int128{std::numeric_limits<T>::min()} || wide > Int128{std::numeric_limits<T>::max()}) return false;
  value = static_cast<T>(wide);
  return true;
}

/// The nearest float. `point`: what stands before the fraction.
bool read_float(std::string_view text, char point, double& value);
bool read_float(std::string_view text, char point, float& value);
/// With so many places behind the point, ties to even; false if it has more than `precision` digits.
bool read_decimal(std::string_view text, char point, int precision, int scale, Int128& value);
/// true and false in any letters.
bool read_bool(std::string_view text, bool& value);
/// Days since 1970: the year or the day first, - or / between.
bool read_date(std::string_view text, int32_t& days);
/// A date and a time of day; the offset from UTC, if there is one, taken off. `has_zone` says whether there was one.
bool read_moment(std::string_view text, TimeUnit unit, int64_t& value, bool& has_zone);

/// What inference sees in a value.
enum class Form : uint8_t { Text, Whole, WideWhole, Float, Bool, Date, Moment, ZonedMoment };
Form form_of(std::string_view text, char point, bool with_dates);

}  // namespace headrace::frame::csv
