#include "frame/functions/calendar.h"

namespace headrace::frame {

// The year is taken to begin in March, so that a leap day is its last: 146,097 days are 400 years.

CivilDate civil_of(int64_t days) {
  const int64_t shifted = days + 719'468;  // from 0000-03-01
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const auto month = static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {year_of_era + era * 400 + (month <= 2), month, day};
}

int64_t days_of(int64_t year, unsigned month, unsigned day) {
  const int64_t shifted = year - (month <= 2), era = floor_divide(shifted, 400), year_of_era = shifted - era * 400;
  const int64_t day_of_year = (153 * (static_cast<int64_t>(month) + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

bool is_leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

unsigned days_in_month(int64_t year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

unsigned weekday_of(int64_t days) { return static_cast<unsigned>(floor_modulo(days + 3, 7)) + 1; }  // the first was a Thursday

unsigned ordinal_of(int64_t days) { return static_cast<unsigned>(days - days_of(civil_of(days).year, 1, 1)) + 1; }

IsoWeek iso_week_of(int64_t days) {
  const int64_t thursday = days - weekday_of(days) + 4;
  return {civil_of(thursday).year, (ordinal_of(thursday) - 1) / 7 + 1};
}

}  // namespace headrace::frame
