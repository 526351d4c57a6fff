#include <fmt/format.h>

#include <utility>

#include "frame/functions/calendar.h"
#include "frame/functions/numbers.h"
#include "frame/functions/span.h"

namespace headrace::frame {
namespace {

bool is_moment(const DataType& type) { return type.id() == TypeId::Date || type.id() == TypeId::Datetime; }

/// InvalidArgument for all but moments whose clock is known.
Result<void> check_moment(const FunctionInput& input, bool with_date = true) {
  const DataType& type = input.type;
  if (!is_moment(type) || (!with_date && type.id() == TypeId::Date)) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} has none such", to_string(type)));
  }
  if (!type.zone().empty() && type.zone() != "UTC") {
    return fail(ErrorKind::Unsupported, fmt::format("the clock of {} is not known here, only UTC's", to_string(type)));
  }
  return {};
}

/// Moments as days and what is left of the day, in units.
class Moments {
 public:
  Moments(const Operand& operand, const DataType& type)
      : is_date_(type.id() == TypeId::Date), unit_(type.unit()), per_day_(per_day(unit_)) {
    if (is_date_) {
      days_.emplace(operand);
    } else {
      units_.emplace(operand);
    }
  }
  int64_t days(size_t row) const { return is_date_ ? (*days_)[row] : floor_divide((*units_)[row], per_day_); }
  int64_t seconds_of_day(size_t row) const { return floor_modulo((*units_)[row], per_day_) / per_second(unit_); }
  int64_t nanoseconds_of_second(size_t row) const {
    return floor_modulo((*units_)[row], per_second(unit_)) * (1'000'000'000 / per_second(unit_));
  }

 private:
  bool is_date_;
  TimeUnit unit_;
  int64_t per_day_;
  std::optional<Values<int32_t>> days_;
  std::optional<Values<int64_t>> units_;
};

using Field = int64_t (*)(const Moments& moments, size_t row);

/// What a moment has one of.
template <TypeId kResult, Field kField, bool kOfDate>
Result<BoundFunction> field(FunctionInputs inputs, FunctionOptions) {
  HR_CHECK(check_moment(inputs[0], kOfDate));
  const DataType type = inputs[0].type;
  return BoundFunction{.inputs = {type}, .result = kResult, .evaluate = [type](const FunctionCall& call) -> Result<Array> {
    const Moments moments(call.inputs[0], type);
    if constexpr (kResult == TypeId::Bool) {
      return each_row<bool>(kResult, call, [&](size_t row) { return kField(moments, row) != 0; });
    } else {
      return with_memory_type(kResult, [&]<class T>(T*) {
        return each_row<T>(kResult, call, [&](size_t row) { return static_cast<T>(kField(moments, row)); });
      });
    }
  }};
}

int64_t year(const Moments& moments, size_t row) { return civil_of(moments.days(row)).year; }
int64_t iso_year(const Moments& moments, size_t row) { return iso_week_of(moments.days(row)).year; }
int64_t month(const Moments& moments, size_t row) { return civil_of(moments.days(row)).month; }
int64_t day(const Moments& moments, size_t row) { return civil_of(moments.days(row)).day; }
int64_t quarter(const Moments& moments, size_t row) { return (civil_of(moments.days(row)).month + 2) / 3; }
int64_t week(const Moments& moments, size_t row) { return iso_week_of(moments.days(row)).week; }
int64_t weekday(const Moments& moments, size_t row) { return weekday_of(moments.days(row)); }
int64_t ordinal_day(const Moments& moments, size_t row) { return ordinal_of(moments.days(row)); }
int64_t leap_year(const Moments& moments, size_t row) { return is_leap_year(civil_of(moments.days(row)).year); }
int64_t month_length(const Moments& moments, size_t row) {
  const CivilDate date = civil_of(moments.days(row));
  return days_in_month(date.year, date.month);
}
int64_t date(const Moments& moments, size_t row) { return moments.days(row); }
int64_t hour(const Moments& moments, size_t row) { return moments.seconds_of_day(row) / 3600; }
int64_t minute(const Moments& moments, size_t row) { return moments.seconds_of_day(row) / 60 % 60; }
int64_t second(const Moments& moments, size_t row) { return moments.seconds_of_day(row) % 60; }
int64_t millisecond(const Moments& moments, size_t row) { return moments.nanoseconds_of_second(row) / 1'000'000; }
int64_t microsecond(const Moments& moments, size_t row) { return moments.nanoseconds_of_second(row) / 1'000; }
int64_t nanosecond(const Moments& moments, size_t row) { return moments.nanoseconds_of_second(row); }

using Move = Result<int64_t> (*)(int64_t moment, int64_t units_per_second, const CalendarSpan& span);

/// A moment moved by a span: one for all rows, or one of each row. Dates are moved in milliseconds.
template <Move kMove>
Result<BoundFunction> moved(FunctionInputs inputs, FunctionOptions) {
  HR_CHECK(check_moment(inputs[0]));
  HR_CHECK(check_text_or_null(inputs[1]));
  const DataType type = inputs[0].type;
  if (inputs[1].literal != nullptr && !inputs[1].literal->is_null()) {
    HR_TRY(const CalendarSpan span, CalendarSpan::parse(inputs[1].literal->as_bytes()));
    HR_CHECK(kMove(0, per_second(type.unit()), span));
  }
  return BoundFunction{.inputs = {type, TypeId::String}, .result = type, .evaluate = [type](const FunctionCall& call) {
    const Texts spans(call.inputs[1]);
    std::optional<std::string> written;
    CalendarSpan span;
    const auto span_at = [&](size_t row) -> Result<void> {
      if (written && spans[row] == *written) return {};
      HR_TRY(span, CalendarSpan::parse(spans[row]));
      written = spans[row];
      return {};
    };
    if (type.id() == TypeId::Date) {
      const Values<int32_t> days(call.inputs[0]);
      return each_row_if_any<int32_t>(type, call, [&](size_t row) -> Result<std::optional<int32_t>> {
        HR_CHECK(span_at(row));
        HR_TRY(const int64_t moment, kMove(int64_t{days[row]} * 86'400'000, 1000, span));
        const int64_t result = floor_divide(moment, 86'400'000);
        if (!std::in_range<int32_t>(result)) return fail(ErrorKind::OutOfRange, "a date lies beyond what its type holds");
        return static_cast<int32_t>(result);
      });
    }
    const Values<int64_t> moments(call.inputs[0]);
    return each_row_if_any<int64_t>(type, call, [&](size_t row) -> Result<std::optional<int64_t>> {
      HR_CHECK(span_at(row));
      HR_TRY(const int64_t result, kMove(moments[row], per_second(type.unit()), span));
      return result;
    });
  }};
}

/// A whole number of units as one of others: divided towards minus infinity, or to zero, or multiplied.
Result<Array> rescaled(const FunctionCall& call, const DataType& from, int64_t units_per_second, int64_t per_second_wanted, bool floors) {
  const auto run = [&]<class T>(T*) {
    const Values<T> values(call.inputs[0]);
    return each_row_if_any<int64_t>(TypeId::Int64, call, [&](size_t row) -> Result<std::optional<int64_t>> {
      const Int128 scaled = Int128{values[row]} * per_second_wanted;
      const Int128 quotient = scaled / units_per_second - (floors && scaled % units_per_second < 0);
      if (quotient < Int128{INT64_MIN} || quotient > Int128{INT64_MAX})
        return fail(ErrorKind::OutOfRange, "a time lies beyond what Int64 holds");
      return static_cast<int64_t>(quotient);
    });
  };
  return from.id() == TypeId::Date ? run(static_cast<int32_t*>(nullptr)) : run(static_cast<int64_t*>(nullptr));
}

/// Option: units a second.
Result<BoundFunction> timestamp(FunctionInputs inputs, FunctionOptions options) {
  const DataType type = inputs[0].type;
  if (!is_moment(type)) return fail(ErrorKind::InvalidArgument, fmt::format("{} has none such", to_string(type)));
  const auto wanted = static_cast<int64_t>(options[0].as_whole());
  return BoundFunction{.inputs = {type}, .result = TypeId::Int64, .evaluate = [=](const FunctionCall& call) {
    // A date counts in days: its unit is a second of 1/86,400.
    const bool is_date = type.id() == TypeId::Date;
    return rescaled(call, type, is_date ? 1 : per_second(type.unit()), is_date ? wanted * 86'400 : wanted, true);
  }};
}

Result<void> check_span(const FunctionInput& input) {
  if (input.type.id() == TypeId::Duration) return {};
  return fail(ErrorKind::InvalidArgument, fmt::format("{} is no Duration", to_string(input.type)));
}

/// Options: how many units a second has (or, below zero, how many seconds a unit has), and whether parts of a unit count.
Result<BoundFunction> total(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_span(inputs[0]));
  const DataType type = inputs[0].type;
  const auto rate = static_cast<int64_t>(options[0].as_whole());
  const int64_t multiply = rate > 0 ? rate : 1, divide = per_second(type.unit()) * (rate > 0 ? 1 : -rate);
  if (!options[1].as_bool()) {
    return BoundFunction{.inputs = {type}, .result = TypeId::Int64, .evaluate = [=](const FunctionCall& call) {
      return rescaled(call, type, divide, multiply, false);
    }};
  }
  return BoundFunction{.inputs = {type}, .result = TypeId::Float64, .evaluate = [=](const FunctionCall& call) {
    const Values<int64_t> values(call.inputs[0]);
    return each_row<double>(TypeId::Float64, call, [&](size_t row) {
      return static_cast<double>(values[row]) * static_cast<double>(multiply) / static_cast<double>(divide);
    });
  }};
}

}  // namespace

std::span<const FunctionEntry> calendar_functions() {
  using enum TypeId;
  static constexpr FunctionEntry kEntries[] = {
      {"dt.year", 1, 1, 0, field<Int32, year, true>},
      {"dt.iso_year", 1, 1, 0, field<Int32, iso_year, true>},
      {"dt.month", 1, 1, 0, field<Int8, month, true>},
      {"dt.day", 1, 1, 0, field<Int8, day, true>},
      {"dt.quarter", 1, 1, 0, field<Int8, quarter, true>},
      {"dt.week", 1, 1, 0, field<Int8, week, true>},
      {"dt.weekday", 1, 1, 0, field<Int8, weekday, true>},
      {"dt.ordinal_day", 1, 1, 0, field<Int16, ordinal_day, true>},
      {"dt.is_leap_year", 1, 1, 0, field<Bool, leap_year, true>},
      {"dt.days_in_month", 1, 1, 0, field<Int8, month_length, true>},
      {"dt.date", 1, 1, 0, field<Date, date, true>},
      {"dt.hour", 1, 1, 0, field<Int8, hour, false>},
      {"dt.minute", 1, 1, 0, field<Int8, minute, false>},
      {"dt.second", 1, 1, 0, field<Int8, second, false>},
      {"dt.millisecond", 1, 1, 0, field<Int32, millisecond, false>},
      {"dt.microsecond", 1, 1, 0, field<Int32, microsecond, false>},
      {"dt.nanosecond", 1, 1, 0, field<Int32, nanosecond, false>},
      {"dt.truncate", 2, 2, 0, moved<truncated>},
      {"dt.offset_by", 2, 2, 0, moved<shifted>},
      {"dt.timestamp", 1, 1, 1, timestamp},
      {"dt.total", 1, 1, 2, total},
  };
  return kEntries;
}

}  // namespace headrace::frame
