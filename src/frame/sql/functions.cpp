#include "frame/sql/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace headrace::frame::sql {
namespace {

using Inputs = std::span<const Value>;

Value whole(int64_t value) { return Values::literal(Scalar::of(value)); }

std::unexpected<Error> unsupported(std::string message) { return fail(ErrorKind::Unsupported, std::move(message)); }

Result<Value> text_function(const Values& values, const char* name, Inputs inputs) {
  std::vector<Value> texts;
  for (const Value& input : inputs) {
    HR_TRY(Value text, values.cast(input, TypeId::String, false));
    texts.push_back(std::move(text));
  }
  return values.function(name, texts);
}

Result<Value> float_function(const Values& values, const char* name, const Value& input) {
  HR_TRY(const Value number, values.cast(input, TypeId::Float64, false));
  return values.function(name, {number});
}

Result<Value> length(const Values& values, Inputs inputs) {
  HR_TRY(const Value size, text_function(values, "str.len_chars", inputs));
  return values.cast(size, TypeId::Int64, false);
}

Result<Value> byte_length(const Values& values, Inputs inputs) {
  HR_TRY(const Value size, text_function(values, "str.len_bytes", inputs));
  return values.cast(size, TypeId::Int64, false);
}

/// Where a part begins, in characters from 1 on, or 0: one more than what stands before it has.
Result<Value> position(const Values& values, Inputs inputs) {
  if (!inputs[1].is_text_literal()) return unsupported("The position is found of a text in quotes only.");
  std::string pattern = "(?s)^(.*?)";
  for (const char c : inputs[1].literal()->as_bytes()) {
    if (std::ispunct(static_cast<unsigned char>(c)) != 0) pattern += '\\';
    pattern += c;
  }
  const Value searched = Values::literal(Scalar::of(std::move(pattern)));
  HR_TRY(const Value before, values.function("str.extract", {inputs[0], searched}, {Scalar::of(int64_t{1})}));
  HR_TRY(const Value size, length(values, {&before, 1}));
  HR_TRY(const Value next, values.arithmetic("+", size, whole(1)));
  HR_TRY(const Value known, values.is_null(inputs[0], true));
  HR_TRY(const Value missing, values.is_null(before, false));
  HR_TRY(const Value nothing, values.all_of({missing, known}));
  return values.when(nothing, whole(0), next);
}

/// From a place that counts from 1, or from the end if it is below zero, on; so many characters.
Result<Value> substring(const Values& values, Inputs inputs) {
  HR_TRY(const Value text, values.cast(inputs[0], TypeId::String, false));
  std::vector<int64_t> numbers;
  for (const Value& input : inputs.subspan(1)) {
    if (input.literal() == nullptr || input.literal()->is_null() || !input.type.is_integer()) {
      return unsupported("substring() takes whole numbers in figures only.");
    }
    numbers.push_back(static_cast<int64_t>(input.literal()->as_whole()));
  }
  int64_t from = numbers[0];
  std::optional<int64_t> size = numbers.size() > 1 ? std::optional(numbers[1]) : std::nullopt;
  if (size && *size < 0) return unsupported("substring() of a length below zero is not supported.");
  if (from == 0 && size) size = std::max<int64_t>(*size - 1, 0);
  from = std::max<int64_t>(from > 0 ? from - 1 : from, from < 0 ? from : 0);
  if (!size) return values.function("str.slice", {text, whole(from)});
  return values.function("str.slice", {text, whole(from), whole(*size)});
}

Result<Value> edge(const Values& values, const char* name, Inputs inputs) {
  HR_TRY(const Value text, values.cast(inputs[0], TypeId::String, false));
  return values.function(name, {text, inputs[1]});
}
Result<Value> left(const Values& values, Inputs inputs) { return edge(values, "str.head", inputs); }
Result<Value> right(const Values& values, Inputs inputs) { return edge(values, "str.tail", inputs); }

Result<Value> replace(const Values& values, Inputs inputs) {
  // As many as there are.
  const std::vector<Scalar> options{Scalar::of(true), Scalar::of(int64_t{-1})};
  return values.function("str.replace", {inputs[0], inputs[1], inputs[2]}, options);
}

Result<Value> regexp_matches(const Values& values, Inputs inputs) {
  return values.function("str.contains", {inputs[0], inputs[1]}, {Scalar::of(false), Scalar::of(true)});
}

Result<Value> contains(const Values& values, Inputs inputs) {
  return values.function("str.contains", {inputs[0], inputs[1]}, {Scalar::of(true), Scalar::of(true)});
}

/// Without nulls.
Result<Value> concat(const Values& values, Inputs inputs) {
  std::vector<Value> texts;
  for (const Value& input : inputs) {
    HR_TRY(Value text, values.cast(input, TypeId::String, false));
    texts.push_back(std::move(text));
  }
  return values.function("concat_str", texts, {Scalar::of(std::string()), Scalar::of(true)});
}

Result<Value> coalesce(const Values& values, Inputs inputs) {
  HR_TRY(auto alike, values.alike({inputs.begin(), inputs.end()}));
  Value value = alike.back();
  for (size_t i = alike.size() - 1; i-- > 0;) {
    HR_TRY(const Value known, values.is_null(alike[i], true));
    const bool nullable = alike[i].nullable && value.nullable;
    HR_TRY(value, values.when(known, alike[i], value));
    value.nullable = nullable;
  }
  return value;
}

Result<Value> nullif(const Values& values, Inputs inputs) {
  HR_TRY(const Value equal, values.comparison("=", inputs[0], inputs[1]));
  HR_TRY(Value value, values.when(equal, Values::literal(Scalar::null(inputs[0].type)), inputs[0]));
  value.nullable = true;
  return value;
}

Result<Value> if_else(const Values& values, Inputs inputs) {
  HR_TRY(auto alike, values.alike({inputs[1], inputs[2]}));
  return values.when(inputs[0], alike[0], alike[1]);
}

Result<Value> extreme(const Values& values, const char* name, Inputs inputs) {
  HR_TRY(auto alike, values.alike({inputs.begin(), inputs.end()}));
  return values.function(name, alike);
}
Result<Value> greatest(const Values& values, Inputs inputs) { return extreme(values, "max_horizontal", inputs); }
Result<Value> least(const Values& values, Inputs inputs) { return extreme(values, "min_horizontal", inputs); }

Result<Value> abs(const Values& values, Inputs inputs) { return values.function("abs", {inputs[0]}); }
Result<Value> sign(const Values& values, Inputs inputs) {
  HR_TRY(const Value value, values.function("sign", {inputs[0]}));
  return values.cast(value, TypeId::Int8, false);
}

Result<Value> rounded(const Values& values, const char* name, const Value& input) {
  if (input.type.id() == TypeId::Decimal) {
    HR_TRY(const Value value, values.function(name, {input}));
    return values.cast(value, *DataType::decimal(input.type.precision(), 0), false);
  }
  return float_function(values, name, input);
}
Result<Value> floor(const Values& values, Inputs inputs) { return rounded(values, "floor", inputs[0]); }
Result<Value> ceil(const Values& values, Inputs inputs) { return rounded(values, "ceil", inputs[0]); }

/// Halves away from zero.
Result<Value> round(const Values& values, Inputs inputs) {
  int64_t places = 0;
  if (inputs.size() > 1) {
    const Scalar* scalar = inputs[1].literal();
    if (scalar == nullptr || scalar->is_null() || !inputs[1].type.is_integer()) return unsupported("round() takes places in figures only.");
    places = static_cast<int64_t>(scalar->as_whole());
  }
  if (places < 0) return unsupported("round() to places before the point is not supported.");
  if (inputs[0].type.is_integer()) return inputs[0];
  HR_TRY(const Value value, values.function("round", {inputs[0]}, {Scalar::of(places), Scalar::of(std::string("half_away_from_zero"))}));
  if (inputs[0].type.id() != TypeId::Decimal) return value;
  const int scale = static_cast<int>(std::min<int64_t>(places, inputs[0].type.scale()));
  return values.cast(value, *DataType::decimal(inputs[0].type.precision(), scale), false);
}

Result<Value> sqrt(const Values& values, Inputs inputs) { return float_function(values, "sqrt", inputs[0]); }
Result<Value> exp(const Values& values, Inputs inputs) { return float_function(values, "exp", inputs[0]); }
Result<Value> ln(const Values& values, Inputs inputs) {
  HR_TRY(const Value number, values.cast(inputs[0], TypeId::Float64, false));
  return values.function("log", {number, Values::literal(Scalar::of(2.718281828459045))});
}
Result<Value> log10(const Values& values, Inputs inputs) {
  HR_TRY(const Value number, values.cast(inputs[0], TypeId::Float64, false));
  return values.function("log", {number, Values::literal(Scalar::of(10.0))});
}
Result<Value> power(const Values& values, Inputs inputs) { return values.arithmetic("^", inputs[0], inputs[1]); }
Result<Value> modulo(const Values& values, Inputs inputs) { return values.arithmetic("%", inputs[0], inputs[1]); }

Result<Value> as_time(const Values& values, const Value& value) {
  if (value.type.id() == TypeId::Date || value.type.id() == TypeId::Datetime) return value;
  return values.cast(value, DataType::datetime(TimeUnit::Microsecond), false);
}

Result<Value> time_part(const Values& values, std::string part, const Value& input) {
  struct Entry { std::string_view name; const char* function; };
  static constexpr Entry kParts[] = {{"year", "dt.year"},   {"month", "dt.month"},     {"day", "dt.day"},       {"quarter", "dt.quarter"},
                                     {"week", "dt.week"},   {"isodow", "dt.weekday"},  {"doy", "dt.ordinal_day"}, {"hour", "dt.hour"},
                                     {"minute", "dt.minute"}, {"second", "dt.second"}, {"isoyear", "dt.iso_year"}, {"dow", "dt.weekday"}};
  std::ranges::transform(part, part.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::ranges::find(kParts, part, &Entry::name);
  if (found == std::end(kParts)) return unsupported(fmt::format("The part {:?} of a time is not supported.", part));
  HR_TRY(Value time, as_time(values, input));
  const bool of_clock = part == "hour" || part == "minute" || part == "second";
  if (of_clock && time.type.id() == TypeId::Date) {
    HR_TRY(time, values.cast(time, DataType::datetime(TimeUnit::Microsecond), false));
  }
  HR_TRY(const Value number, values.function(found->function, {time}));
  HR_TRY(const Value wide, values.cast(number, TypeId::Int64, false));
  // Sunday is 0.
  return part == "dow" ? values.arithmetic("%", wide, whole(7)) : wide;
}

Result<Value> date_part(const Values& values, Inputs inputs) {
  if (!inputs[0].is_text_literal()) return unsupported("date_part() takes a part in quotes only.");
  return time_part(values, inputs[0].literal()->as_bytes(), inputs[1]);
}

Result<Value> date_trunc(const Values& values, Inputs inputs) {
  struct Entry { std::string_view name, span; };
  static constexpr Entry kUnits[] = {{"year", "1y"}, {"quarter", "1q"}, {"month", "1mo"}, {"week", "1w"}, {"day", "1d"}, {"hour", "1h"},
                                     {"minute", "1m"}, {"second", "1s"}};
  if (!inputs[0].is_text_literal()) return unsupported("date_trunc() takes a unit in quotes only.");
  const auto found = std::ranges::find(kUnits, inputs[0].literal()->as_bytes(), &Entry::name);
  if (found == std::end(kUnits)) return unsupported(fmt::format("The unit {:?} is not supported.", inputs[0].literal()->as_bytes()));
  HR_TRY(const Value time, as_time(values, inputs[1]));
  HR_TRY(const Value moment, values.cast(time, DataType::datetime(TimeUnit::Microsecond), false));
  return values.function("dt.truncate", {moment, Values::literal(Scalar::of(std::string(found->span)))});
}

Result<Value> strftime(const Values& values, Inputs inputs) {
  if (!inputs[1].is_text_literal()) return unsupported("strftime() takes a format in quotes only.");
  HR_TRY(const Value time, as_time(values, inputs[0]));
  return values.function("dt.strftime", {time}, {*inputs[1].literal()});
}

struct Entry {
  std::string_view name;
  size_t least, most;
  Result<Value> (*call)(const Values& values, Inputs inputs);
};

constexpr Entry kFunctions[] = {
    {"length", 1, 1, length}, {"len", 1, 1, length}, {"char_length", 1, 1, length}, {"strlen", 1, 1, byte_length},
    {"octet_length", 1, 1, byte_length}, {"strpos", 2, 2, position}, {"instr", 2, 2, position}, {"substring", 2, 3, substring},
    {"substr", 2, 3, substring}, {"left", 2, 2, left}, {"right", 2, 2, right}, {"replace", 3, 3, replace},
    {"regexp_matches", 2, 2, regexp_matches}, {"contains", 2, 2, contains}, {"concat", 1, SIZE_MAX, concat},
    {"coalesce", 1, SIZE_MAX, coalesce}, {"ifnull", 2, 2, coalesce}, {"nullif", 2, 2, nullif}, {"if", 3, 3, if_else},
    {"greatest", 1, SIZE_MAX, greatest}, {"least", 1, SIZE_MAX, least}, {"abs", 1, 1, abs}, {"sign", 1, 1, sign},
    {"floor", 1, 1, floor}, {"ceil", 1, 1, ceil}, {"ceiling", 1, 1, ceil}, {"round", 1, 2, round}, {"sqrt", 1, 1, sqrt},
    {"exp", 1, 1, exp}, {"ln", 1, 1, ln}, {"log10", 1, 1, log10}, {"log", 1, 1, log10}, {"pow", 2, 2, power}, {"power", 2, 2, power},
    {"mod", 2, 2, modulo}, {"date_part", 2, 2, date_part}, {"datepart", 2, 2, date_part}, {"date_trunc", 2, 2, date_trunc},
    {"strftime", 2, 2, strftime}};

/// Functions of text alone, by their names in frames.
struct TextEntry {
  std::string_view name;
  size_t least, most;
  const char* function;
};
constexpr TextEntry kTextFunctions[] = {
    {"lower", 1, 1, "str.to_lowercase"},   {"lcase", 1, 1, "str.to_lowercase"},  {"upper", 1, 1, "str.to_uppercase"},
    {"ucase", 1, 1, "str.to_uppercase"},   {"trim", 1, 2, "str.strip_chars"},    {"ltrim", 1, 2, "str.strip_chars_start"},
    {"rtrim", 1, 2, "str.strip_chars_end"}, {"reverse", 1, 1, "str.reverse"},    {"starts_with", 2, 2, "str.starts_with"},
    {"prefix", 2, 2, "str.starts_with"},   {"ends_with", 2, 2, "str.ends_with"}, {"suffix", 2, 2, "str.ends_with"}};

constexpr std::string_view kTimeParts[] = {"year", "month", "day", "quarter", "week", "hour", "minute", "second", "isodow", "isoyear"};

Result<void> check_count(const std::string& name, size_t given, size_t least, size_t most) {
  if (given >= least && given <= most) return {};
  return fail(ErrorKind::InvalidArgument, fmt::format("{}() takes {} arguments and not {}.", name, least, given));
}

}  // namespace

Result<Value> call_function(const Values& values, const std::string& name, const std::vector<Value>& inputs) {
  if (const auto found = std::ranges::find(kFunctions, name, &Entry::name); found != std::end(kFunctions)) {
    HR_CHECK(check_count(name, inputs.size(), found->least, found->most));
    return found->call(values, inputs);
  }
  if (const auto found = std::ranges::find(kTextFunctions, name, &TextEntry::name); found != std::end(kTextFunctions)) {
    HR_CHECK(check_count(name, inputs.size(), found->least, found->most));
    return text_function(values, found->function, inputs);
  }
  if (std::ranges::find(kTimeParts, name) != std::end(kTimeParts)) {
    HR_CHECK(check_count(name, inputs.size(), 1, 1));
    return time_part(values, name, inputs[0]);
  }
  return fail(ErrorKind::NotFound, fmt::format("There is no function {:?} here.", name), name);
}

}  // namespace headrace::frame::sql
