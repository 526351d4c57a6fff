#pragma once

#include <cstdint>
#include <optional>

#include "frame/data_type.h"

namespace headrace::frame {

/// A day of the proleptic Gregorian calendar.
struct CivilDate {
  int64_t year;
  unsigned month, day;
};
/// Days since 1970-01-01 as a date, and back; of any year.
CivilDate civil_of(int64_t days);
int64_t days_of(int64_t year, unsigned month, unsigned day);

bool is_leap_year(int64_t year);
unsigned days_in_month(int64_t year, unsigned month);
/// From 1 for Monday to 7.
unsigned weekday_of(int64_t days);
/// From 1.
unsigned ordinal_of(int64_t days);
/// The year whose week it is, by ISO 8601, and the week: the first is that of the year's first Thursday.
struct IsoWeek {
  int64_t year;
  unsigned week;
};
IsoWeek iso_week_of(int64_t days);

inline int64_t floor_divide(int64_t value, int64_t by) { return value / by - (value % by < 0); }
inline int64_t floor_modulo(int64_t value, int64_t by) { return value - floor_divide(value, by) * by; }
/// How many of a unit a day has.
inline int64_t per_day(TimeUnit unit) { return 86'400 * per_second(unit); }

}  // namespace headrace::frame
