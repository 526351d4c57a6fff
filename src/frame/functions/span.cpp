#include "frame/functions/span.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "frame/functions/calendar.h"

namespace headrace::frame {
namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;

struct SpanUnit {
  std::string_view name;
  int64_t months, days, nanoseconds;
};
constexpr SpanUnit kUnits[] = {
    {"y", 12, 0, 0},
    {"q", 3, 0, 0},
    {"mo", 1, 0, 0},
    {"w", 0, 7, 0},
    {"d", 0, 1, 0},
    {"h", 0, 0, 3600 * kNanoseconds},
    {"m", 0, 0, 60 * kNanoseconds},
    {"s", 0, 0, kNanoseconds},
    {"ms", 0, 0, 1'000'000},
    {"us", 0, 0, 1'000},
    {"ns", 0, 0, 1},
};

bool add_times(int64_t count, int64_t unit, int64_t& sum) {
  int64_t product = 0;
  return !__builtin_mul_overflow(count, unit, &product) && !__builtin_add_overflow(sum, product, &sum);
}

std::unexpected<Error> no_room() { return fail(ErrorKind::OutOfRange, "a moment lies beyond what its type holds"); }

/// Units in so many nanoseconds; what is less than a unit is cut off.
int64_t units_of(int64_t nanoseconds, int64_t units_per_second) { return nanoseconds / (kNanoseconds / units_per_second); }

}  // namespace

Result<CalendarSpan> CalendarSpan::parse(std::string_view text) {
  const auto wrong = [whole = text] {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{:?} is no span of time; write whole numbers with y, q, mo, w, d, h, m, s, ms, us or ns", whole));
  };
  CalendarSpan span;
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return wrong();
  bool only_weeks = true;
  while (!text.empty()) {
    int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0) return wrong();
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const std::string_view name = text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
    const auto* unit = std::ranges::find(kUnits, name, &SpanUnit::name);
    if (unit == std::end(kUnits)) return wrong();
    text.remove_prefix(name.size());
    if (is_negative) count = -count;
    only_weeks = only_weeks && name == "w";
    if (!add_times(count, unit->months, span.months) || !add_times(count, unit->days, span.days) ||
        !add_times(count, unit->nanoseconds, span.nanoseconds)) {
      return wrong();
    }
  }
  span.is_of_weeks = only_weeks;
  return span;
}

Result<int64_t> truncated(int64_t moment, int64_t units_per_second, const CalendarSpan& span) {
  if ((span.months != 0) + (span.days != 0) + (span.nanoseconds != 0) > 1) {
    return fail(ErrorKind::InvalidArgument, "months, days and shorter units do not go together here");
  }
  if (span.months < 0 || span.days < 0 || span.nanoseconds < 0)
    return fail(ErrorKind::InvalidArgument, "a span below zero has no beginning");
  const int64_t day = 86'400 * units_per_second;
  if (span.months > 0) {
    const CivilDate date = civil_of(floor_divide(moment, day));
    const int64_t month = date.year * 12 + date.month - 1, first = month - floor_modulo(month, span.months);
    const int64_t days = days_of(floor_divide(first, 12), static_cast<unsigned>(floor_modulo(first, 12)) + 1, 1);
    int64_t result = 0;
    return __builtin_mul_overflow(days, day, &result) ? Result<int64_t>(no_room()) : result;
  }
  int64_t length = units_of(span.nanoseconds, units_per_second);
  if (span.days > 0 && __builtin_mul_overflow(span.days, day, &length)) return no_room();
  if (length <= 1) return moment;
  // 1970 began on a Thursday, weeks do on a Monday.
  const int64_t shift = span.is_of_weeks ? 4 * day : 0;
  const int64_t begin = floor_modulo(floor_modulo(moment, length) - shift % length, length);
  int64_t result = 0;
  return __builtin_sub_overflow(moment, begin, &result) ? Result<int64_t>(no_room()) : result;
}

Result<int64_t> shifted(int64_t moment, int64_t units_per_second, const CalendarSpan& span) {
  const int64_t day = 86'400 * units_per_second;
  int64_t result = moment;
  if (span.months != 0) {
    const CivilDate date = civil_of(floor_divide(moment, day));
    int64_t month = date.year * 12 + date.month - 1;
    if (__builtin_add_overflow(month, span.months, &month) || std::abs(month) > int64_t{1} << 40) return no_room();
    const int64_t year = floor_divide(month, 12);
    const auto of_year = static_cast<unsigned>(floor_modulo(month, 12)) + 1;
    const int64_t days = days_of(year, of_year, std::min(date.day, days_in_month(year, of_year)));
    if (__builtin_mul_overflow(days, day, &result) || __builtin_add_overflow(result, floor_modulo(moment, day), &result)) return no_room();
  }
  if (!add_times(span.days, day, result)) return no_room();
  if (__builtin_add_overflow(result, units_of(span.nanoseconds, units_per_second), &result)) return no_room();
  return result;
}

}  // namespace headrace::frame
