#include "frame/csv/field_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string>

#include "frame/functions/calendar.h"

namespace headrace::frame::csv {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Ignoring the case of letters.
bool says(std::string_view text, std::string_view word) {
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::ranges::equal(text, word, is_same);
}

/// A plain number's digits without the point, and how many stood behind it.
struct Digits {
  uint64_t value = 0;
  int count = 0;   ///< without zeros in front
  int behind = 0;
  size_t size = 0;  ///< bytes read
  bool has_any = false;
};

Digits digits_of(std::string_view text, char point) {
  Digits out;
  bool is_behind = false;
  for (; out.size < text.size(); ++out.size) {
    const char c = text[out.size];
    if (is_digit(c)) {
      out.has_any = true;
      out.value = out.value * 10 + static_cast<uint64_t>(c - '0');
      out.count += out.count > 0 || c != '0';
      out.behind += is_behind;
    } else if (c == point && !is_behind) {
      is_behind = true;
    } else {
      break;
    }
  }
  return out;
}

/// Whole powers of ten that a double has.
constexpr std::array<double, 23> kPowers = [] {
  std::array<double, 23> powers{};
  double power = 1;
  for (double& one : powers) {
    one = power;
    power *= 10;
  }
  return powers;
}();

/// By the library, which knows a point, no + and no blanks in front.
template <class T>
bool read_by_library(std::string_view text, char point, T& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.starts_with('+')) return false;
  std::string with_point;
  if (point != '.') {
    if (text.find('.') != text.npos) return false;
    with_point = text;
    std::ranges::replace(with_point, point, '.');
    text = with_point;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) value = static_cast<T>(std::strtod(std::string(text).c_str(), nullptr));
  return true;
}

template <class T>
bool read_any_float(std::string_view text, char point, T& value) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const bool is_negative = text.starts_with('-');
  const Digits digits = digits_of(text.substr(is_negative), point);
  // PERF: a mantissa and a power of ten that a double both has give the nearest quotient.
  constexpr uint64_t kExact = uint64_t{1} << 53;
  const bool is_plain = digits.size + is_negative == text.size() && digits.has_any && digits.count <= 15 && digits.behind < 23;
  if (std::is_same_v<T, double> && is_plain && digits.value <= kExact) {
    const double size = static_cast<double>(digits.value) / kPowers[static_cast<size_t>(digits.behind)];
    value = static_cast<T>(is_negative ? -size : size);
    return true;
  }
  return read_by_library(text, point, value);
}

/// As many digits as stand at the beginning, no more than `most`.
bool take_number(std::string_view& text, size_t least, size_t most, int64_t& value) {
  size_t size = 0;
  value = 0;
  for (; size < std::min(most, text.size()) && is_digit(text[size]); ++size) value = value * 10 + (text[size] - '0');
  text.remove_prefix(size);
  return size >= least;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text, int64_t& days) {
  const std::string_view whole = text;
  int64_t first = 0, second = 0, third = 0;
  if (!take_number(text, 1, 4, first) || text.empty()) return false;
  const char between = text.front();
  const bool is_year_first = whole.size() - text.size() == 4;
  if (between != '-' && between != '/') return false;
  if (!is_year_first && whole.size() - text.size() > 2) return false;
  text.remove_prefix(1);
  if (!take_number(text, 1, 2, second) || !take(text, between)) return false;
  if (!take_number(text, is_year_first ? 1 : 4, is_year_first ? 2 : 4, third)) return false;
  const int64_t year = is_year_first ? first : third, day = is_year_first ? third : first;
  if (second < 1 || second > 12 || day < 1 || day > days_in_month(year, static_cast<unsigned>(second))) return false;
  days = days_of(year, static_cast<unsigned>(second), static_cast<unsigned>(day));
  return true;
}

/// Nanoseconds of the day: 10:11, 10:11:12, 10:11:12.123456789.
bool take_time(std::string_view& text, int64_t& nanoseconds) {
  int64_t hour = 0, minute = 0, second = 0, fraction = 0;
  if (!take_number(text, 2, 2, hour) || !take(text, ':') || !take_number(text, 2, 2, minute)) return false;
  if (take(text, ':')) {
    if (!take_number(text, 2, 2, second)) return false;
    if (take(text, '.')) {
      const size_t before = text.size();
      if (!take_number(text, 1, 9, fraction)) return false;
      for (size_t digits = before - text.size(); digits < 9; ++digits) fraction *= 10;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  nanoseconds = ((hour * 60 + minute) * 60 + second) * 1'000'000'000 + fraction;
  return true;
}

/// Z, +02:00, +0200: minutes that the clock is ahead of UTC.
bool take_zone(std::string_view& text, int64_t& minutes) {
  minutes = 0;
  if (take(text, 'Z')) return true;
  const bool is_behind = text.starts_with('-');
  if (!is_behind && !text.starts_with('+')) return false;
  text.remove_prefix(1);
  int64_t hour = 0, minute = 0;
  if (!take_number(text, 2, 2, hour)) return false;
  take(text, ':');
  if (!take_number(text, 2, 2, minute) || hour > 23 || minute > 59) return false;
  minutes = (hour * 60 + minute) * (is_behind ? -1 : 1);
  return true;
}

}  // namespace

bool read_odd_whole(std::string_view text, Int128& value) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return false;
  value = 0;
  for (const char c : text) {
    if (!is_digit(c) || __builtin_mul_overflow(value, Int128{10}, &value)) return false;
    const Int128 digit = c - '0';
    if (__builtin_add_overflow(value, is_negative ? -digit : digit, &value)) return false;
  }
  return true;
}

bool read_float(std::string_view text, char point, double& value) { return read_any_float(text, point, value); }
bool read_float(std::string_view text, char point, float& value) { return read_any_float(text, point, value); }

bool read_decimal(std::string_view text, char point, int precision, int scale, Int128& value) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  int64_t exponent = 0;
  const size_t e = text.find_first_of("eE");
  if (e != text.npos) {
    std::string_view rest = text.substr(e + 1);
    if (rest.starts_with('+')) rest.remove_prefix(1);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
    if (rest.empty() || end != rest.data() + rest.size() || error != std::errc() || std::abs(exponent) > 1000) return false;
    text = text.substr(0, e);
  }
  const size_t dot = text.find(point);
  const std::string_view before = text.substr(0, dot), behind = dot == text.npos ? std::string_view() : text.substr(dot + 1);
  if (before.empty() && behind.empty()) return false;
  // So many digits are the number's; of the others the first, and whether any behind it is no zero.
  const auto wanted = static_cast<int64_t>(before.size()) + exponent + scale;
  const auto count = static_cast<int64_t>(before.size() + behind.size());
  value = 0;
  int next = 0;
  bool has_rest = false;
  for (int64_t i = 0; i < std::max(count, wanted); ++i) {
    const char c = i >= count ? '0' : i < static_cast<int64_t>(before.size()) ? before[static_cast<size_t>(i)]
                                                                                : behind[static_cast<size_t>(i) - before.size()];
    if (!is_digit(c)) return false;
    const int digit = c - '0';
    if (i < wanted) {
      if (value > power_of_ten(37)) return false;
      value = value * 10 + digit;
    } else if (i == wanted) {
      next = digit;
    } else {
      has_rest = has_rest || digit != 0;
    }
  }
  value += next > 5 || (next == 5 && (has_rest || value % 2 != 0));
  if (value >= power_of_ten(precision)) return false;
  if (is_negative) value = -value;
  return true;
}

bool read_bool(std::string_view text, bool& value) {
  value = says(text, "true");
  return value || says(text, "false");
}

bool read_date(std::string_view text, int32_t& days) {
  int64_t value = 0;
  if (!take_date(text, value) || !text.empty()) return false;
  days = static_cast<int32_t>(value);
  return true;
}

bool read_moment(std::string_view text, TimeUnit unit, int64_t& value, bool& has_zone) {
  int64_t days = 0, nanoseconds = 0, minutes = 0;
  has_zone = false;
  if (!take_date(text, days)) return false;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, ' ')) return false;
    if (!take_time(text, nanoseconds)) return false;
    has_zone = !text.empty();
    if (has_zone && !take_zone(text, minutes)) return false;
    if (!text.empty()) return false;
  }
  const int64_t seconds = days * 86'400 - minutes * 60;
  return !__builtin_mul_overflow(seconds, per_second(unit), &value) &&
         !__builtin_add_overflow(value, nanoseconds / (1'000'000'000 / per_second(unit)), &value);
}

Form form_of(std::string_view text, char point, bool with_dates) {
  const std::string_view size = text.starts_with('-') ? text.substr(1) : text;
  if (!size.empty() && std::ranges::all_of(size, is_digit)) {
    int64_t value = 0;
    Int128 wide = 0;
    return read_whole(text, value) ? Form::Whole : read_odd_whole(text, wide) ? Form::WideWhole : Form::Float;
  }
  if (size == "inf" || text == "NaN") return Form::Float;
  double number = 0;
  const bool is_number = !size.empty() && (is_digit(size[0]) || size[0] == point) && read_float(text, point, number);
  if (is_number && std::ranges::any_of(size, is_digit)) return Form::Float;
  bool truth = false;
  if (read_bool(text, truth)) return Form::Bool;
  if (!with_dates) return Form::Text;
  int32_t days = 0;
  int64_t moment = 0;
  bool has_zone = false;
  if (read_date(text, days)) return Form::Date;
  if (!read_moment(text, TimeUnit::Microsecond, moment, has_zone)) return Form::Text;
  return has_zone ? Form::ZonedMoment : Form::Moment;
}

}  // namespace headrace::frame::csv
