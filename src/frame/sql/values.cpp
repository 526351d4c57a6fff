#include "frame/sql/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "frame/expressions/bound_expression.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame::sql {
namespace {

Expression binary(BinaryOperator op, const Expression& left, const Expression& right) { return Expression::binary(op, left, right); }

std::unexpected<Error> wrong(std::string message) { return fail(ErrorKind::InvalidArgument, std::move(message)); }

/// The value of an expression without columns.
std::optional<Scalar> evaluated(const BoundExpression& bound) {
  const auto value = bound.evaluate({.columns = {}, .rows = 1}, process_budget());
  if (!value || value->type().id() == TypeId::List || value->type().id() == TypeId::Categorical) return std::nullopt;
  const auto scalar = Scalar::at(*value, 0);
  return scalar ? std::optional(*scalar) : std::nullopt;
}

bool is_narrow(const DataType& type) { return type.is_integer() && type.value_bytes() < 8; }

const DataType kMoment = DataType::datetime(TimeUnit::Microsecond);

/// A moment at midnight is a date where it meets one.
std::optional<Value> as_date(const Value& value) {
  const Scalar* scalar = value.literal();
  if (scalar == nullptr || scalar->is_null() || value.type.id() != TypeId::Datetime) return std::nullopt;
  const Int128 day = static_cast<Int128>(86'400) * per_second(value.type.unit());
  if (scalar->as_whole() % day != 0) return std::nullopt;
  return Values::literal(Scalar::of(DataType(TypeId::Date), scalar->as_whole() / day));
}

}  // namespace

Result<Value> Values::make(const Expression& expression, bool nullable) const {
  std::set<std::string, std::less<>> names;
  add_columns(expression, names);
  std::vector<Field> fields;
  for (const std::string& name : names) {
    const auto found = types_.find(name);
    if (found != types_.end()) fields.push_back({name, found->second});
  }
  HR_TRY(const Schema schema, Schema::make(std::move(fields)));
  HR_TRY(const BoundExpression bound, BoundExpression::bind(expression, schema));
  if (names.empty() && !std::holds_alternative<Expression::Literal>(expression.kind())) {
    if (auto scalar = evaluated(bound)) return literal(*std::move(scalar));
  }
  return Value{expression, bound.type(), nullable};
}

Value Values::column(const std::string& id, bool nullable) const { return {Expression::column(id), types_.find(id)->second, nullable}; }

Value Values::literal(Scalar scalar) {
  const DataType type = scalar.type();
  const bool nullable = scalar.is_null();
  return {Expression::literal(std::move(scalar)), type, nullable};
}

Result<Value> Values::number(std::string_view text) {
  const bool is_float = text.find_first_of("eE") != text.npos;
  const size_t point = text.find('.');
  std::string digits(text);
  std::erase(digits, '.');
  const size_t first = std::min(digits.find_first_not_of('0'), digits.size());
  if (is_float || digits.size() - first > static_cast<size_t>(DataType::kGreatestPrecision)) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return wrong("This number is too large.");
    return literal(Scalar::of(value));
  }
  Int128 whole = 0;
  for (const char digit : digits) whole = whole * 10 + (digit - '0');
  if (point == text.npos) {
    const DataType type = whole <= INT32_MAX ? DataType(TypeId::Int32) : whole <= INT64_MAX ? DataType(TypeId::Int64)
        : *DataType::decimal(38, 0);
    return literal(Scalar::of(type, whole));
  }
  const int scale = static_cast<int>(text.size() - point - 1);
  const int precision = std::max({static_cast<int>(point) + scale, scale, 1});
  HR_TRY(const DataType type, DataType::decimal(std::min(precision, DataType::kGreatestPrecision), scale));
  return literal(Scalar::of(type, whole));
}

Result<Value> Values::arithmetic(std::string_view op, const Value& left, const Value& right) const {
  if (op == "||") return concatenated(left, right);
  if (left.type.is_temporal() || right.type.is_temporal()) return of_dates(op, left, right);
  for (const Value* side : {&left, &right}) {
    if (side->type.is_numeric() || side->type.id() == TypeId::Null || side->is_text_literal()) continue;
    return wrong(fmt::format("{} {} {} means nothing; cast one of them.", to_string(left.type), op, to_string(right.type)));
  }
  // A number in quotes is one where it stands beside one.
  if (left.is_text_literal() && right.type.is_numeric()) {
    HR_TRY(const Value cast_left, cast(left, right.type, false));
    return arithmetic(op, cast_left, right);
  }
  if (right.is_text_literal() && left.type.is_numeric()) {
    HR_TRY(const Value cast_right, cast(right, left.type, false));
    return arithmetic(op, left, cast_right);
  }
  if (op == "+") return checked(BinaryOperator::Add, left, right);
  if (op == "-") return checked(BinaryOperator::Subtract, left, right);
  if (op == "*") return checked(BinaryOperator::Multiply, left, right);
  if (op == "/") {
    HR_TRY(const Value dividend, cast(left, TypeId::Float64, false));
    HR_TRY(const Value divisor, cast(right, TypeId::Float64, false));
    return make(binary(BinaryOperator::Divide, dividend.expression, divisor.expression), left.nullable || right.nullable);
  }
  if (op == "//" || op == "%") return whole_division(left, right, op == "%");
  if (op == "^" || op == "**") {
    HR_TRY(const Value base, cast(left, TypeId::Float64, false));
    HR_TRY(const Value exponent, cast(right, TypeId::Float64, false));
    return function("pow", {base, exponent});
  }
  return fail(ErrorKind::Unsupported, fmt::format("The operator {} is not supported.", op));
}

/// Whole numbers of less than 64 bits are calculated with 64, and an error where the result does not fit.
Result<Value> Values::checked(BinaryOperator op, const Value& left, const Value& right) const {
  const bool nullable = left.nullable || right.nullable;
  HR_TRY(Value plain, make(binary(op, left.expression, right.expression), nullable));
  if (!is_narrow(left.type) || !is_narrow(right.type)) return plain;
  HR_TRY(const Value wide_left, cast(left, TypeId::Int64, false));
  HR_TRY(const Value wide_right, cast(right, TypeId::Int64, false));
  HR_TRY(const Value wide, make(binary(op, wide_left.expression, wide_right.expression), nullable));
  const DataType type = is_narrow(plain.type) ? plain.type : DataType(TypeId::Int32);
  return cast(wide, type, false);
}

/// SQL divides towards zero, frames towards minus infinity.
Result<Value> Values::whole_division(const Value& left, const Value& right, bool remainder) const {
  using enum BinaryOperator;
  const bool nullable = true;
  const auto zero = Expression::literal(Scalar::of(int64_t{0}));
  const Expression &a = left.expression, &b = right.expression;
  const auto rest = binary(Modulo, a, b);
  if (left.type.is_float() || right.type.is_float()) return fail(ErrorKind::Unsupported, "Whole division of floats is not supported.");
  HR_TRY(const Value plain, make(rest, nullable));
  const auto typed = [&](Result<Value> value) { return value ? cast(*value, plain.type, false) : value; };
  const auto differs = binary(Xor, binary(Less, a, zero), binary(Less, b, zero));
  const auto off = binary(And, differs, binary(NotEqual, rest, zero));
  if (remainder) return typed(make(Expression::when(off, binary(Subtract, rest, b), rest), nullable));
  const auto quotient = binary(FloorDivide, a, b);
  return typed(make(Expression::when(off, binary(Add, quotient, Expression::literal(Scalar::of(int64_t{1}))), quotient), nullable));
}

Result<Value> Values::of_dates(std::string_view op, const Value& left, const Value& right) const {
  const bool nullable = left.nullable || right.nullable;
  const bool left_date = left.type.id() == TypeId::Date, right_date = right.type.id() == TypeId::Date;
  if (left_date && right.is_text_literal()) {
    HR_TRY(const Value other, cast(right, TypeId::Date, false));
    return of_dates(op, left, other);
  }
  const auto days = [&](const Value& value) { return Expression::cast(value.expression, TypeId::Int32, true); };
  if (op == "-" && left_date && right_date) {
    const auto wide = [&](const Value& value) { return Expression::cast(days(value), TypeId::Int64, true); };
    return make(binary(BinaryOperator::Subtract, wide(left), wide(right)), nullable);
  }
  if (left_date && right.type.is_integer() && (op == "+" || op == "-")) {
    const auto operation = op == "+" ? BinaryOperator::Add : BinaryOperator::Subtract;
    const auto moved = binary(operation, Expression::cast(days(left), TypeId::Int64, true), right.expression);
    return make(Expression::cast(Expression::cast(moved, TypeId::Int32, true), TypeId::Date, true), nullable);
  }
  if (op == "+" && right_date && left.type.is_integer()) return of_dates(op, right, left);
  if (op == "+") return make(binary(BinaryOperator::Add, left.expression, right.expression), nullable);
  if (op == "-") return make(binary(BinaryOperator::Subtract, left.expression, right.expression), nullable);
  return wrong(fmt::format("{} {} {} means nothing.", to_string(left.type), op, to_string(right.type)));
}

Result<Value> Values::concatenated(const Value& left, const Value& right) const {
  HR_TRY(const Value first, cast(left, TypeId::String, false));
  HR_TRY(const Value second, cast(right, TypeId::String, false));
  return function("concat_str", {first, second}, {Scalar::of(std::string()), Scalar::of(false)});
}

std::optional<DataType> type_of_both(const DataType& left, const DataType& right) {
  // The least type of expressions holds the values of both, but for decimals beside whole numbers, which DuckDB has as decimals too.
  const auto both = BoundExpression::bind(
      Expression::when(Expression::literal(Scalar::of(true)), Expression::column("l"), Expression::column("r")),
      *Schema::make({{"l", left}, {"r", right}}));
  return both ? std::optional(both->type()) : std::nullopt;
}

Result<std::pair<Value, Value>> Values::comparable(const Value& left, const Value& right) const {
  if (left.type == right.type) return std::pair(left, right);
  const auto as = [&](const Value& value, const DataType& type) { return cast(value, type, false); };
  if (left.is_text_literal() && right.type.id() != TypeId::String) {
    HR_TRY(const Value other, as(left, right.type));
    return std::pair(other, right);
  }
  if (right.is_text_literal() && left.type.id() != TypeId::String) {
    HR_TRY(const Value other, as(right, left.type));
    return std::pair(left, other);
  }
  if (left.type.id() == TypeId::Date && right.type.id() == TypeId::Datetime) {
    if (auto date = as_date(right)) return std::pair(left, *date);
  }
  if (right.type.id() == TypeId::Date && left.type.id() == TypeId::Datetime) {
    if (auto date = as_date(left)) return std::pair(*date, right);
  }
  // A column of text beside numbers or times is read as such.
  if (left.type.id() == TypeId::String && (right.type.is_numeric() || right.type.is_temporal())) {
    HR_TRY(const Value other, as(left, right.type));
    return std::pair(other, right);
  }
  if (right.type.id() == TypeId::String && (left.type.is_numeric() || left.type.is_temporal())) {
    HR_TRY(const Value other, as(right, left.type));
    return std::pair(left, other);
  }
  if (left.type.id() == TypeId::Bool && right.type.is_integer()) {
    HR_TRY(const Value other, as(left, right.type));
    return std::pair(other, right);
  }
  if (right.type.id() == TypeId::Bool && left.type.is_integer()) {
    HR_TRY(const Value other, as(right, left.type));
    return std::pair(left, other);
  }
  return std::pair(left, right);
}

Result<Value> Values::comparison(std::string_view op, const Value& left, const Value& right) const {
  using enum BinaryOperator;
  struct Entry { std::string_view text; BinaryOperator op; };
  static constexpr Entry kOperators[] = {{"=", Equal}, {"<>", NotEqual}, {"<", Less}, {"<=", LessEqual}, {">", Greater}, {">=",
      GreaterEqual}};
  const auto found = std::ranges::find(kOperators, op, &Entry::text);
  HR_TRY(const auto sides, comparable(left, right));
  return make(binary(found->op, sides.first.expression, sides.second.expression), left.nullable || right.nullable);
}

Result<std::vector<Value>> Values::alike(std::vector<Value> values) const {
  std::optional<DataType> type;
  for (const Value& value : values) {
    if (value.is_text_literal() || value.type.id() == TypeId::Null) continue;
    if (!type) {
      type = value.type;
      continue;
    }
    // A whole number in figures takes no more digits than it has.
    DataType own = value.type;
    if (value.literal() != nullptr && value.type.is_integer() && type->id() == TypeId::Decimal) own = *type;
    if (type->is_integer() && own.id() == TypeId::Decimal && &value != &values.front() && values.front().literal() != nullptr) type = own;
    const auto both = type_of_both(*type, own);
    if (!both) return wrong(fmt::format("{} and {} have no type in common; cast one of them.", to_string(*type), to_string(own)));
    type = both;
  }
  if (!type) type = std::ranges::any_of(values, &Value::is_text_literal) ? DataType(TypeId::String) : DataType();
  for (Value& value : values) {
    if (value.type == *type) continue;
    HR_TRY(value, cast(value, *type, false));
  }
  return values;
}

Result<Value> Values::negated(const Value& value) const {
  const Scalar* scalar = value.literal();
  if (scalar != nullptr && !scalar->is_null() && (value.type.is_signed_integer() || value.type.id() == TypeId::Decimal)) {
    return literal(Scalar::of(value.type, -scalar->as_whole()));
  }
  if (!value.type.is_numeric() && value.type.id() != TypeId::Null) return wrong(fmt::format("-{} means nothing.", to_string(value.type)));
  return make(Expression::unary(UnaryOperator::Negate, value.expression), value.nullable);
}

Result<Value> Values::logical_not(const Value& value) const {
  HR_TRY(const Value truth, cast(value, TypeId::Bool, false));
  return make(Expression::unary(UnaryOperator::Not, truth.expression), value.nullable);
}

Result<Value> Values::all_of(const std::vector<Value>& values) const {
  HR_TRY(Value all, cast(values.front(), TypeId::Bool, false));
  for (size_t i = 1; i < values.size(); ++i) {
    HR_TRY(const Value next, cast(values[i], TypeId::Bool, false));
    HR_TRY(all, make(binary(BinaryOperator::And, all.expression, next.expression), all.nullable || next.nullable));
  }
  return all;
}

Result<Value> Values::any_of(const std::vector<Value>& values) const {
  HR_TRY(Value any, cast(values.front(), TypeId::Bool, false));
  for (size_t i = 1; i < values.size(); ++i) {
    HR_TRY(const Value next, cast(values[i], TypeId::Bool, false));
    HR_TRY(any, make(binary(BinaryOperator::Or, any.expression, next.expression), any.nullable || next.nullable));
  }
  return any;
}

Result<Value> Values::when(const Value& condition, const Value& then, const Value& otherwise) const {
  HR_TRY(const Value truth, cast(condition, TypeId::Bool, false));
  return make(Expression::when(truth.expression, then.expression, otherwise.expression), then.nullable || otherwise.nullable);
}

Result<Value> Values::is_null(const Value& value, bool negated) const {
  return make(Expression::unary(negated ? UnaryOperator::IsNotNull : UnaryOperator::IsNull, value.expression), false);
}

Result<Value> Values::in(const Value& value, const std::vector<Value>& list) const {
  bool has_null = false, all_literals = value.literal() == nullptr && value.type.id() != TypeId::Null;
  std::vector<Value> others;
  std::vector<Scalar> options{Scalar::of(false)};
  for (const Value& item : list) {
    if (item.literal() != nullptr && item.literal()->is_null()) {
      has_null = true;
      continue;
    }
    HR_TRY(const auto sides, comparable(value, item));
    all_literals = all_literals && sides.second.literal() != nullptr && sides.first.expression == value.expression;
    if (all_literals) options.push_back(*sides.second.literal());
    HR_TRY(Value equal, comparison("=", value, item));
    others.push_back(std::move(equal));
  }
  if (has_null) others.push_back(literal(Scalar::null(TypeId::Bool)));
  if (!all_literals || others.size() < 2 || has_null) return any_of(others);
  return function("is_in", {value}, std::move(options));
}

Result<Value> Values::like(const Value& value, const Value& pattern, std::optional<char> escape, bool ignore_case) const {
  Value text = value, fits = pattern;
  for (Value* side : {&text, &fits}) {
    if (side->type.id() != TypeId::Null) continue;
    HR_TRY(*side, cast(*side, TypeId::String, false));
  }
  for (Value* side : {&text, &fits}) {
    if (side->type.id() == TypeId::String || side->type.id() == TypeId::Null || side->type.id() == TypeId::Categorical) continue;
    return wrong(fmt::format("LIKE is of text, and this is {}.", to_string(side->type)));
  }
  if (fits.literal() != nullptr && !fits.literal()->is_null()) {
    // Here a backslash is one unless it is said to escape; in functions it always does.
    std::string written;
    const std::string& given = fits.literal()->as_bytes();
    for (size_t i = 0; i < given.size(); ++i) {
      const bool escapes = escape && given[i] == *escape;
      if (escapes && i + 1 == given.size()) return wrong("The pattern must not end with what escapes.");
      if (escapes) ++i;
      if (given[i] == '\\' || (escapes && (given[i] == '%' || given[i] == '_'))) written += '\\';
      written += given[i];
    }
    fits = literal(Scalar::of(std::move(written)));
  } else if (escape) {
    return fail(ErrorKind::Unsupported, "ESCAPE beside a pattern that is no literal is not supported.");
  }
  if (ignore_case) {
    HR_TRY(text, function("str.to_lowercase", {text}));
    HR_TRY(fits, function("str.to_lowercase", {fits}));
  }
  return function("str.like", {text, fits});
}

Result<Value> Values::truth_of(const Value& text) {
  if (!text.is_text_literal()) return fail(ErrorKind::Unsupported, "Only text in quotes is cast to BOOLEAN; compare it instead.");
  if (text.literal()->is_null()) return literal(Scalar::null(TypeId::Bool));
  std::string lower = text.literal()->as_bytes();
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word : {"true", "t", "1", "yes", "y"}) {
    if (lower == word) return boolean(true);
  }
  for (const char* word : {"false", "f", "0", "no", "n"}) {
    if (lower == word) return boolean(false);
  }
  return wrong(fmt::format("{} is no Boolean.", to_string(*text.literal())));
}

Result<Value> Values::cast(const Value& value, const DataType& type, bool quietly) const {
  if (value.type == type) return value;
  if (type.id() == TypeId::Null) return value;
  if (value.type.id() == TypeId::String && (type.id() == TypeId::Date || type.id() == TypeId::Datetime)) {
    return function("str.strptime", {value}, {Scalar::null(type), Scalar(), Scalar::of(!quietly)});
  }
  Expression input = value.expression;
  if (value.type.id() == TypeId::String && type.is_numeric()) {
    const auto trimmed = function("str.strip_chars", {value});
    if (trimmed) input = trimmed->expression;
  }
  if (type.id() == TypeId::Bool && value.type.id() == TypeId::String) return truth_of(value);
  if (type.is_integer() && (value.type.is_float() || value.type.id() == TypeId::Decimal)) {
    // Numbers are rounded, decimals away from zero where they lie in the middle.
    const char* way = value.type.is_float() ? "half_to_even" : "half_away_from_zero";
    HR_TRY(const Value whole, function("round", {value}, {Scalar::of(int64_t{0}), Scalar::of(std::string(way))}));
    return make(Expression::cast(whole.expression, type, !quietly), value.nullable || quietly);
  }
  HR_TRY(Value made, make(Expression::cast(input, type, !quietly), value.nullable || quietly));
  if (value.literal() != nullptr && made.literal() == nullptr) {
    return wrong(fmt::format("{} is no {}.", to_string(*value.literal()), to_string(type)));
  }
  return made;
}

Result<Value> Values::later(const Value& value, int64_t count, std::string_view unit) const {
  struct Entry { std::string_view name, span; int64_t times; };
  static constexpr Entry kUnits[] = {{"year", "y", 1},   {"quarter", "q", 1}, {"month", "mo", 1}, {"mon", "mo", 1},   {"week", "w", 1},
                                     {"day", "d", 1},    {"hour", "h", 1},    {"minute", "m", 1}, {"second", "s", 1}, {"decade", "y", 10},
                                     {"century", "y", 100}, {"millisecond", "ms", 1}, {"microsecond", "us", 1}};
  const auto found = std::ranges::find(kUnits, unit, &Entry::name);
  if (found == std::end(kUnits)) return wrong(fmt::format("There is no interval unit {:?}.", unit));
  Value moment = value;
  if (value.type.id() != TypeId::Datetime) {
    HR_TRY(moment, cast(value, kMoment, false));
  }
  if (count > INT64_MAX / 100 || count < -(INT64_MAX / 100)) return wrong("The interval is too long.");
  return function("dt.offset_by", {moment, literal(Scalar::of(fmt::format("{}{}", count * found->times, found->span)))});
}

Result<Value> Values::function(const char* name, const std::vector<Value>& inputs, std::vector<Scalar> options) const {
  std::vector<Expression> expressions;
  bool nullable = false;
  for (const Value& input : inputs) {
    expressions.push_back(input.expression);
    nullable = nullable || input.nullable;
  }
  return make(Expression::function({.name = name, .options = std::move(options)}, std::move(expressions)), nullable);
}

}  // namespace headrace::frame::sql
