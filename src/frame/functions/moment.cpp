#include <fmt/format.h>

#include <utility>

#include "frame/functions/calendar.h"
#include "frame/functions/moment_format.h"
#include "frame/functions/rows.h"

namespace headrace::frame {
namespace {

/// What a text is read by where no format is given: the year or the day first, and a time of day behind it.
Result<std::vector<MomentFormat>> usual_formats(bool with_time) {
  std::vector<MomentFormat> formats;
  for (const char* date : {"%Y-%m-%d", "%Y/%m/%d", "%d-%m-%Y", "%d/%m/%Y"}) {
    for (const char* time : {"", "T%H:%M:%S%.f", " %H:%M:%S%.f", "T%H:%M", " %H:%M"}) {
      if (*time != '\0' && !with_time) break;
      HR_TRY(MomentFormat format, MomentFormat::compile(std::string(date) + time));
      formats.push_back(std::move(format));
    }
  }
  return formats;
}

struct Reading {
  DataType type;
  bool strict;
  std::vector<MomentFormat> formats;

  std::optional<MomentFormat::Moment> parse(std::string_view text) const {
    for (const MomentFormat& format : formats) {
      if (const auto moment = format.parse(text)) return moment;
    }
    return std::nullopt;
  }

  /// As the type has it in memory; nothing if the text is no moment, or beyond the type.
  std::optional<int64_t> value_of(std::string_view text) const {
    const auto moment = parse(text);
    if (!moment) return std::nullopt;
    if (type.id() == TypeId::Date) return moment->days;
    int64_t value = 0;
    const int64_t per_unit = 1'000'000'000 / per_second(type.unit());
    if (__builtin_mul_overflow(moment->days, per_day(type.unit()), &value)) return std::nullopt;
    if (__builtin_add_overflow(value, moment->nanoseconds / per_unit, &value)) return std::nullopt;
    return value;
  }
};

template <class T>
Result<Array> read(const Reading& reading, const FunctionCall& call) {
  const Texts texts(call.inputs[0]);
  return each_row_if_any<T>(reading.type, call, [&](size_t row) -> Result<std::optional<T>> {
    const auto value = reading.value_of(texts[row]);
    if (value) return static_cast<T>(*value);
    if (!reading.strict) return std::nullopt;
    return fail(ErrorKind::OutOfRange,
                fmt::format("{:?} is no {} in this format; strict=False gives null for such", texts[row], to_string(reading.type)));
  });
}

/// Options: a null of the type wanted, the format or null, and whether what is no moment is an error.
Result<BoundFunction> strptime(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_text(inputs[0]));
  Reading reading{.type = options[0].type(), .strict = options[2].as_bool(), .formats = {}};
  const bool is_date = reading.type.id() == TypeId::Date;
  if (!is_date && reading.type.id() != TypeId::Datetime) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} is not read by a format; Date and Datetime are", to_string(reading.type)));
  }
  if (!reading.type.zone().empty() && reading.type.zone() != "UTC") {
    return fail(ErrorKind::Unsupported, fmt::format("the clock of {} is not known here, only UTC's", to_string(reading.type)));
  }
  if (options[1].is_null()) {
    HR_TRY(reading.formats, usual_formats(!is_date));
  } else {
    HR_TRY(MomentFormat format, MomentFormat::compile(options[1].as_bytes()));
    if (format.has_hour_alone()) {
      return fail(ErrorKind::InvalidArgument, fmt::format("the format {:?} has hours and no minutes", options[1].as_bytes()));
    }
    if (format.has_zone() && !is_date) reading.type = DataType::datetime(reading.type.unit(), "UTC");
    reading.formats.push_back(std::move(format));
  }
  return BoundFunction{.inputs = {TypeId::String}, .result = reading.type, .evaluate = [reading](const FunctionCall& call) {
    return reading.type.id() == TypeId::Date ? read<int32_t>(reading, call) : read<int64_t>(reading, call);
  }};
}

std::string usual_format(const DataType& type) {
  if (type.id() == TypeId::Date) return "%F";
  const char* fraction = type.unit() == TimeUnit::Millisecond ? "%.3f" : type.unit() == TimeUnit::Microsecond ? "%.6f" : "%.9f";
  return fmt::format("%F %T{}{}", fraction, type.zone().empty() ? "" : "%:z");
}

/// Option: the format, or null for that of ISO 8601.
Result<BoundFunction> strftime(FunctionInputs inputs, FunctionOptions options) {
  const DataType type = inputs[0].type;
  const bool is_date = type.id() == TypeId::Date;
  if (!is_date && type.id() != TypeId::Datetime) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} is not written by a format", to_string(type)));
  }
  if (!type.zone().empty() && type.zone() != "UTC") {
    return fail(ErrorKind::Unsupported, fmt::format("the clock of {} is not known here, only UTC's", to_string(type)));
  }
  const std::string written = options[0].is_null() ? usual_format(type) : options[0].as_bytes();
  HR_TRY(const MomentFormat format, MomentFormat::compile(written));
  if ((is_date && format.has_time()) || (type.zone().empty() && format.has_zone())) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} has not all of {:?}", to_string(type), written));
  }
  return BoundFunction{.inputs = {type}, .result = TypeId::String, .evaluate = [=](const FunctionCall& call) {
    if (is_date) {
      const Values<int32_t> days(call.inputs[0]);
      return each_text(call, [&](size_t row, std::string& out) { format.append({.days = days[row]}, out); });
    }
    const Values<int64_t> moments(call.inputs[0]);
    const int64_t day = per_day(type.unit()), nanoseconds = 1'000'000'000 / per_second(type.unit());
    return each_text(call, [&](size_t row, std::string& out) {
      format.append({.days = floor_divide(moments[row], day), .nanoseconds = floor_modulo(moments[row], day) * nanoseconds}, out);
    });
  }};
}

}  // namespace

std::span<const FunctionEntry> moment_functions() {
  static constexpr FunctionEntry kEntries[] = {{"str.strptime", 1, 1, 3, strptime}, {"dt.strftime", 1, 1, 1, strftime}};
  return kEntries;
}

}  // namespace headrace::frame
