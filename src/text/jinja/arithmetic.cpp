#include "text/jinja/arithmetic.h"

#include <cmath>

#include "text/jinja/failure.h"
#include "text/jinja/html.h"
#include "text/jinja/string_format.h"

namespace headrace::text::jinja {
namespace {

constexpr std::string_view kSigns[] = {"+", "-", "*", "/", "//", "%", "**"};

[[noreturn]] void stop_overflow() { stop("an integer result does not fit 64 bits"); }

int64_t floor_divide(int64_t left, int64_t right) {
  if (left == INT64_MIN && right == -1) stop_overflow();
  const int64_t quotient = left / right;
  return quotient - (left % right != 0 && (left < 0) != (right < 0));
}

int64_t modulo(int64_t left, int64_t right) {
  if (right == -1) return 0;
  const int64_t remainder = left % right;
  return remainder + (remainder != 0 && (remainder < 0) != (right < 0) ? right : 0);
}

double modulo(double left, double right) {
  const double remainder = std::fmod(left, right);
  if (remainder == 0) return std::copysign(0.0, right);
  return (remainder < 0) != (right < 0) ? remainder + right : remainder;
}

double floor_divide(double left, double right) {
  const double remainder = modulo(left, right);
  const double quotient = (left - remainder) / right;
  if (quotient == 0) return std::copysign(0.0, left / right);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

int64_t power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if (exponent & 1 && __builtin_mul_overflow(result, base, &result)) stop_overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) stop_overflow();
  }
  return result;
}

Value float_power(double base, double exponent) {
  if (base == 0 && exponent < 0) stop("0.0 cannot be raised to a negative power");
  if (base < 0 && std::isfinite(exponent) && exponent != std::trunc(exponent))
    stop("a negative number cannot be raised to a fraction");
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) stop("the result is too large for a float");
  return Value(result);
}

Value apply_integers(Operator operation, int64_t left, int64_t right) {
  int64_t result = 0;
  switch (operation) {
    case Operator::Add:
      if (__builtin_add_overflow(left, right, &result)) stop_overflow();
      return Value(result);
    case Operator::Subtract:
      if (__builtin_sub_overflow(left, right, &result)) stop_overflow();
      return Value(result);
    case Operator::Multiply:
      if (__builtin_mul_overflow(left, right, &result)) stop_overflow();
      return Value(result);
    case Operator::Divide: return Value(static_cast<double>(left) / static_cast<double>(right));
    case Operator::FloorDivide: return Value(floor_divide(left, right));
    case Operator::Modulo: return Value(modulo(left, right));
    case Operator::Power:
      return right < 0 ? float_power(static_cast<double>(left), static_cast<double>(right))
                       : Value(power(left, right));
  }
  return {};
}

Value apply_floats(Operator operation, double left, double right) {
  switch (operation) {
    case Operator::Add: return Value(left + right);
    case Operator::Subtract: return Value(left - right);
    case Operator::Multiply: return Value(left * right);
    case Operator::Divide: return Value(left / right);
    case Operator::FloorDivide: return Value(floor_divide(left, right));
    case Operator::Modulo: return Value(modulo(left, right));
    case Operator::Power: return float_power(left, right);
  }
  return {};
}

Value apply_numbers(Operator operation, const Value& left, const Value& right) {
  const bool divides =
      operation == Operator::Divide || operation == Operator::FloorDivide || operation == Operator::Modulo;
  if (divides && right.number() == 0) stop("division by zero");
  if (left.is_integral() && right.is_integral()) return apply_integers(operation, left.integer(), right.integer());
  return apply_floats(operation, left.number(), right.number());
}

Value join_items(Heap& heap, const Value& left, const Value& right) {
  heap.expect((left.items().size() + right.items().size()) * sizeof(Value));
  std::vector<Value> items;
  items.reserve(left.items().size() + right.items().size());
  items.insert(items.end(), left.items().begin(), left.items().end());
  items.insert(items.end(), right.items().begin(), right.items().end());
  return left.is(Kind::List) ? make_list(heap, std::move(items)) : make_tuple(heap, std::move(items));
}

bool is_markup(const Value& value) { return value.is_string() && value.as<StringObject>().is_markup(); }

Value join_strings(Heap& heap, const Value& left, const Value& right) {
  heap.expect(left.text().size() + right.text().size());
  const bool markup = is_markup(left) || is_markup(right);
  std::string text;
  text.reserve(left.text().size() + right.text().size());
  text += markup && !is_markup(left) ? escape_html(left.text()) : left.text();
  text += markup && !is_markup(right) ? escape_html(right.text()) : right.text();
  return make_string(heap, std::move(text), markup);
}

Value repeat(Heap& heap, const Value& value, int64_t count) {
  const auto times = static_cast<uint64_t>(std::max<int64_t>(count, 0));
  const uint64_t size = value.is_string() ? value.text().size() : value.items().size() * sizeof(Value);
  uint64_t total = 0;
  if (__builtin_mul_overflow(size, times, &total)) total = UINT64_MAX;
  heap.expect(total);
  if (value.is_string()) {
    std::string text;
    text.reserve(total);
    for (uint64_t i = 0; size > 0 && i < times; ++i) text += value.text();
    return make_string(heap, std::move(text), is_markup(value));
  }
  std::vector<Value> items;
  items.reserve(total / sizeof(Value));
  for (uint64_t i = 0; size > 0 && i < times; ++i)
    items.insert(items.end(), value.items().begin(), value.items().end());
  return value.is(Kind::List) ? make_list(heap, std::move(items)) : make_tuple(heap, std::move(items));
}

bool is_sequence(const Value& value) { return value.is_string() || value.is(Kind::List) || value.is(Kind::Tuple); }

}  // namespace

Value apply(Heap& heap, Operator operation, const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return apply_numbers(operation, left, right);
  if (operation == Operator::Modulo && left.is_string())
    return make_string(heap, format_percent(heap, left.text(), right), is_markup(left));
  if (left.is_undefined()) stop_undefined(left);
  if (right.is_undefined()) stop_undefined(right);
  if (operation == Operator::Add && left.is_string() && right.is_string()) return join_strings(heap, left, right);
  if (operation == Operator::Add && left.kind() == right.kind() && is_sequence(left))
    return join_items(heap, left, right);
  if (operation == Operator::Multiply && is_sequence(left) && right.is_integral())
    return repeat(heap, left, right.integer());
  if (operation == Operator::Multiply && is_sequence(right) && left.is_integral())
    return repeat(heap, right, left.integer());
  stop("'{}' does not work between {} and {}", kSigns[static_cast<int>(operation)], type_name(left), type_name(right));
}

Value negate(const Value& value) {
  if (value.is_undefined()) stop_undefined(value);
  if (value.is(Kind::Float)) return Value(-value.number());
  if (!value.is_integral()) stop("'-' does not work before a {}", type_name(value));
  if (value.integer() == INT64_MIN) stop_overflow();
  return Value(-value.integer());
}

Value plus(const Value& value) {
  if (value.is_undefined()) stop_undefined(value);
  if (!value.is_number()) stop("'+' does not work before a {}", type_name(value));
  return value.is(Kind::Float) ? value : Value(value.integer());
}

}  // namespace headrace::text::jinja
