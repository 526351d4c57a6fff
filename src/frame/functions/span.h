#pragma once

#include <cstdint>
#include <string_view>

#include "frame/data_type.h"

namespace headrace::frame {

/// A span of time as one writes it: "1mo2d", "-15m". Months and days have no fixed length; the rest is nanoseconds.
struct CalendarSpan {
  int64_t months = 0, days = 0, nanoseconds = 0;
  bool is_of_weeks = false;  ///< days, of whole weeks alone

  /// Of y, q, mo, w, d, h, m, s, ms, us, ns, each with a whole number before it. InvalidArgument for anything else.
  static Result<CalendarSpan> parse(std::string_view text);
};

/// A moment, in units since 1970, at the beginning of its span: those of months and years are counted from the year 0, of weeks from a
/// Monday, others from 1970. InvalidArgument if the span is of several kinds or below zero; OutOfRange if there is no room.
Result<int64_t> truncated(int64_t moment, int64_t units_per_second, const CalendarSpan& span);
/// A moment later by a span: a day that the month does not have becomes its last. OutOfRange if there is no room.
Result<int64_t> shifted(int64_t moment, int64_t units_per_second, const CalendarSpan& span);

}  // namespace headrace::frame
