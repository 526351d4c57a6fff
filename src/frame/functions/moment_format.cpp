#include "frame/functions/moment_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <span>

#include "frame/functions/calendar.h"

namespace headrace::frame {
namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;
constexpr std::string_view kCodes = "YymdejHIklMSfpPaAbBhuwUWVGCszZnt%";
constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
constexpr std::string_view kWeekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

int64_t power_of_ten_of(int digits) {
  int64_t power = 1;
  for (; digits > 0; --digits) power *= 10;
  return power;
}

}  // namespace

std::optional<std::string_view> MomentFormat::expansion_of(char code) {
  switch (code) {
    case 'F': return "%Y-%m-%d";
    case 'T':
    case 'X': return "%H:%M:%S";
    case 'D':
    case 'x': return "%m/%d/%y";
    case 'R': return "%H:%M";
    default: return std::nullopt;
  }
}

/// The code behind a % at `at`; moves behind it.
Result<void> MomentFormat::add_code(std::string_view format, size_t& at) {
  const size_t begin = at++;
  Item item;
  item.has_point = at < format.size() && (format[at] == '.' || format[at] == ':');
  const bool is_colon = item.has_point && format[at] == ':';
  at += item.has_point;
  if (at < format.size() && (format[at] == '3' || format[at] == '6' || format[at] == '9')) item.digits = format[at++] - '0';
  item.code = at < format.size() ? format[at++] : '\0';
  const bool is_plain = !item.has_point && item.digits == 0;
  if (is_plain) {
    if (const auto expansion = expansion_of(item.code)) {
      HR_TRY(const MomentFormat inner, compile(*expansion));
      items_.insert(items_.end(), inner.items_.begin(), inner.items_.end());
      return {};
    }
  }
  const bool fits = is_plain || (item.code == 'f' && !is_colon) || (item.code == 'z' && is_colon && item.digits == 0);
  if (item.code == '\0' || kCodes.find(item.code) == kCodes.npos || !fits) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{:?} is no code of times that is known", format.substr(begin, at - begin)));
  }
  if (item.code == 'n' || item.code == 't' || item.code == '%') {
    items_.push_back({.text = item.code == 'n' ? "\n" : item.code == 't' ? "\t" : "%"});
  } else {
    items_.push_back(std::move(item));
  }
  return {};
}

Result<MomentFormat> MomentFormat::compile(std::string_view format) {
  MomentFormat made;
  for (size_t at = 0; at < format.size();) {
    if (format[at] == '%') {
      HR_CHECK(made.add_code(format, at));
      continue;
    }
    const size_t end = std::min(format.find('%', at), format.size());
    made.items_.push_back({.text = std::string(format.substr(at, end - at))});
    at = end;
  }
  return made;
}

bool MomentFormat::has_any(std::string_view codes) const {
  return std::ranges::any_of(items_, [codes](const Item& item) { return item.code != 0 && codes.find(item.code) != codes.npos; });
}

namespace {

std::string year_text(int64_t year) {
  if (year > 9999) return fmt::format("+{}", year);
  return fmt::format("{}{:04}", year < 0 ? "-" : "", year < 0 ? -year : year);
}

std::string fraction_text(int64_t nanoseconds, int digits, bool has_point) {
  if (digits > 0) return fmt::format("{}{:0{}}", has_point ? "." : "", nanoseconds / power_of_ten_of(9 - digits), digits);
  if (!has_point) return fmt::format("{:09}", nanoseconds);
  if (nanoseconds == 0) return "";
  const int shown = nanoseconds % 1'000'000 == 0 ? 3 : nanoseconds % 1'000 == 0 ? 6 : 9;
  return fmt::format(".{:0{}}", nanoseconds / power_of_ten_of(9 - shown), shown);
}

/// The week of a year whose first begins with its first Sunday (1 for 7), or Monday.
int64_t week_from(int64_t ordinal, int64_t days_since_first_day) { return (ordinal + 6 - days_since_first_day) / 7; }

}  // namespace

void MomentFormat::append_item(const Item& item, const Moment& moment, std::string& out) {
  const CivilDate date = civil_of(moment.days);
  const int64_t seconds = moment.nanoseconds / kNanoseconds, hour = seconds / 3600, hour12 = hour % 12 == 0 ? 12 : hour % 12;
  const unsigned weekday = weekday_of(moment.days);
  const auto two = [&](int64_t value) { fmt::format_to(std::back_inserter(out), "{:02}", value); };
  const auto spaced = [&](int64_t value) { fmt::format_to(std::back_inserter(out), "{:2}", value); };
  switch (item.code) {
    case 'Y': out += year_text(date.year); break;
    case 'G': out += year_text(iso_week_of(moment.days).year); break;
    case 'C': two(floor_divide(date.year, 100)); break;
    case 'y': two(floor_modulo(date.year, 100)); break;
    case 'm': two(date.month); break;
    case 'd': two(date.day); break;
    case 'e': spaced(date.day); break;
    case 'j': fmt::format_to(std::back_inserter(out), "{:03}", ordinal_of(moment.days)); break;
    case 'H': two(hour); break;
    case 'k': spaced(hour); break;
    case 'I': two(hour12); break;
    case 'l': spaced(hour12); break;
    case 'M': two(seconds / 60 % 60); break;
    case 'S': two(seconds % 60); break;
    case 'f': out += fraction_text(moment.nanoseconds % kNanoseconds, item.digits, item.has_point); break;
    case 'p': out += hour < 12 ? "AM" : "PM"; break;
    case 'P': out += hour < 12 ? "am" : "pm"; break;
    case 'a': out += kWeekdays[weekday - 1].substr(0, 3); break;
    case 'A': out += kWeekdays[weekday - 1]; break;
    case 'b':
    case 'h': out += kMonths[date.month - 1].substr(0, 3); break;
    case 'B': out += kMonths[date.month - 1]; break;
    case 'u': fmt::format_to(std::back_inserter(out), "{}", weekday); break;
    case 'w': fmt::format_to(std::back_inserter(out), "{}", weekday % 7); break;
    case 'U': two(week_from(ordinal_of(moment.days), weekday % 7)); break;
    case 'W': two(week_from(ordinal_of(moment.days), weekday - 1)); break;
    case 'V': two(iso_week_of(moment.days).week); break;
    case 's': fmt::format_to(std::back_inserter(out), "{}", moment.days * 86'400 + seconds); break;
    case 'z': out += item.has_point ? "+00:00" : "+0000"; break;
    case 'Z': out += "UTC"; break;
    default: out += item.text; break;
  }
}

void MomentFormat::append(const Moment& moment, std::string& out) const {
  for (const Item& item : items_) append_item(item, moment, out);
}

/// What was read so far.
struct MomentFormat::Fields {
  std::optional<int64_t> year, century_year, month, day, ordinal, hour, hour12, minute, second, epoch;
  std::optional<bool> is_afternoon;
  int64_t nanoseconds = 0, offset = 0;
};

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

void skip_spaces(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

/// A number of at most so many digits, spaces before it passed.
std::optional<int64_t> take_number(std::string_view& text, size_t digits, bool may_be_signed = false) {
  skip_spaces(text);
  const bool is_negative = may_be_signed && text.starts_with('-');
  if (may_be_signed && (is_negative || text.starts_with('+'))) {
    text.remove_prefix(1);
    digits = 18;  // A sign says that there may be more.
  }
  int64_t value = 0;
  size_t taken = 0;
  for (; taken < digits && taken < text.size() && is_digit(text[taken]); ++taken) value = value * 10 + (text[taken] - '0');
  if (taken == 0) return std::nullopt;
  text.remove_prefix(taken);
  return is_negative ? -value : value;
}

bool starts_with_letters(std::string_view text, std::string_view name) {
  return text.size() >= name.size() && std::ranges::equal(text.substr(0, name.size()), name, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  });
}

/// Which of some names the text begins with, whole or as its first three letters.
std::optional<int64_t> take_name(std::string_view& text, std::span<const std::string_view> names, bool may_be_whole) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (!starts_with_letters(text, names[i].substr(0, 3))) continue;
    text.remove_prefix(may_be_whole && starts_with_letters(text, names[i]) ? names[i].size() : 3);
    return static_cast<int64_t>(i);
  }
  return std::nullopt;
}

/// Digits behind a point, or without one exactly so many, as nanoseconds.
bool take_fraction(std::string_view& text, int digits, bool has_point, int64_t& nanoseconds) {
  if (has_point) {
    if (!text.starts_with('.')) return true;
    text.remove_prefix(1);
  }
  size_t taken = 0;
  int64_t value = 0;
  const size_t most = has_point ? SIZE_MAX : static_cast<size_t>(digits == 0 ? 9 : digits);
  for (; taken < most && taken < text.size() && is_digit(text[taken]); ++taken) {
    if (taken < 9) value = value * 10 + (text[taken] - '0');
  }
  if (taken == 0 || (!has_point && digits != 0 && taken != static_cast<size_t>(digits))) return false;
  text.remove_prefix(taken);
  // Without a point and a width it is a number of nanoseconds.
  nanoseconds = !has_point && digits == 0 ? value : value * power_of_ten_of(9 - static_cast<int>(std::min<size_t>(taken, 9)));
  return true;
}

/// +01:00, -0130, Z: seconds east of UTC.
bool take_offset(std::string_view& text, int64_t& offset) {
  if (text.starts_with('Z') || text.starts_with('z')) {
    text.remove_prefix(1);
    offset = 0;
    return true;
  }
  if (!text.starts_with('+') && !text.starts_with('-')) return false;
  const int64_t sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  if (text.size() < 4 || !is_digit(text[0]) || !is_digit(text[1])) return false;
  const int64_t hours = (text[0] - '0') * 10 + (text[1] - '0');
  text.remove_prefix(2);
  if (text.starts_with(':')) text.remove_prefix(1);
  if (text.size() < 2 || !is_digit(text[0]) || !is_digit(text[1])) return false;
  const int64_t minutes = (text[0] - '0') * 10 + (text[1] - '0');
  text.remove_prefix(2);
  if (hours > 23 || minutes > 59) return false;
  offset = sign * (hours * 3600 + minutes * 60);
  return true;
}

/// A text of the format: spaces stand for any number of them.
bool take_literal(std::string_view& text, std::string_view literal) {
  for (const char c : literal) {
    if (is_space(c)) {
      skip_spaces(text);
      continue;
    }
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
  }
  return true;
}

bool take_into(std::string_view& text, size_t digits, int64_t least, int64_t most, std::optional<int64_t>& field) {
  field = take_number(text, digits);
  return field && *field >= least && *field <= most;
}

}  // namespace

bool MomentFormat::parse_item(const Item& item, std::string_view& text, Fields& fields) {
  std::optional<int64_t> ignored;
  switch (item.code) {
    case 'Y': fields.year = take_number(text, 4, true); return fields.year.has_value();
    case 'y': return take_into(text, 2, 0, 99, fields.century_year);
    case 'm': return take_into(text, 2, 1, 12, fields.month);
    case 'd':
    case 'e': return take_into(text, 2, 1, 31, fields.day);
    case 'j': return take_into(text, 3, 1, 366, fields.ordinal);
    case 'H':
    case 'k': return take_into(text, 2, 0, 23, fields.hour);
    case 'I':
    case 'l': return take_into(text, 2, 1, 12, fields.hour12);
    case 'M': return take_into(text, 2, 0, 59, fields.minute);
    case 'S': return take_into(text, 2, 0, 60, fields.second);
    case 'f': return take_fraction(text, item.digits, item.has_point, fields.nanoseconds);
    case 's': fields.epoch = take_number(text, 18, true); return fields.epoch.has_value();
    case 'z': return take_offset(text, fields.offset);
    case 'p':
    case 'P':
      if (!starts_with_letters(text, "am") && !starts_with_letters(text, "pm")) return false;
      fields.is_afternoon = text.front() == 'p' || text.front() == 'P';
      text.remove_prefix(2);
      return true;
    case 'b':
    case 'h':
    case 'B':
      fields.month = take_name(text, kMonths, true);
      if (fields.month) ++*fields.month;
      return fields.month.has_value();
    case 'a':
    case 'A': return take_name(text, kWeekdays, true).has_value();
    case 'u':
    case 'w': return take_into(text, 1, 0, 7, ignored);
    case 0: return take_literal(text, item.text);
    default: return false;
  }
}

std::optional<MomentFormat::Moment> MomentFormat::parse(std::string_view text) const {
  Fields fields;
  for (const Item& item : items_) {
    if (!parse_item(item, text, fields)) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  if (fields.epoch) {
    return Moment{floor_divide(*fields.epoch, 86'400), floor_modulo(*fields.epoch, 86'400) * kNanoseconds + fields.nanoseconds};
  }
  // Two digits are of 1970 to 2069.
  if (!fields.year && fields.century_year) fields.year = *fields.century_year + (*fields.century_year < 70 ? 2000 : 1900);
  if (!fields.year || std::abs(*fields.year) > 262'000) return std::nullopt;
  Moment moment;
  if (fields.month) {
    const auto month = static_cast<unsigned>(*fields.month);
    const auto day = static_cast<unsigned>(fields.day.value_or(1));
    if (day > days_in_month(*fields.year, month)) return std::nullopt;
    moment.days = days_of(*fields.year, month, day);
  } else if (fields.ordinal) {
    if (*fields.ordinal > (is_leap_year(*fields.year) ? 366 : 365)) return std::nullopt;
    moment.days = days_of(*fields.year, 1, 1) + *fields.ordinal - 1;
  } else {
    return std::nullopt;
  }
  if (fields.hour12) fields.hour = *fields.hour12 % 12 + (fields.is_afternoon.value_or(false) ? 12 : 0);
  const int64_t seconds = fields.hour.value_or(0) * 3600 + fields.minute.value_or(0) * 60 + fields.second.value_or(0) - fields.offset;
  moment.days += floor_divide(seconds, 86'400);
  moment.nanoseconds = floor_modulo(seconds, 86'400) * kNanoseconds + fields.nanoseconds;
  return moment;
}

}  // namespace headrace::frame
