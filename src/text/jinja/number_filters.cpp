#include <algorithm>
#include <cmath>

#include "text/jinja/arithmetic.h"
#include "text/jinja/builtins.h"
#include "text/jinja/failure.h"
#include "text/jinja/number_text.h"
#include "text/jinja/parameters.h"
#include "text/jinja/renderer.h"

namespace headrace::text::jinja {
namespace {

void expect_number(const Value& value, std::string_view filter) {
  if (value.is_undefined()) stop_undefined(value);
  if (!value.is_number()) stop("'{}' needs a number, not a {}", filter, type_name(value));
}

Value absolute(Renderer&, const Value& subject, const Arguments& arguments) {
  const Parameters given("abs", arguments, {});
  expect_number(subject, "abs");
  if (subject.is(Kind::Float)) return Value(std::fabs(subject.number()));
  return subject.integer() < 0 ? negate(subject) : Value(subject.integer());
}

// Towards zero; what Python's int() of a float gives.
Value truncated(double number) {
  if (!(std::fabs(number) < 0x1p63)) stop("an integer made of a float does not fit 64 bits");
  return Value(static_cast<int64_t>(number));
}

Value to_integer(Renderer&, const Value& subject, const Arguments& arguments) {
  const Parameters given("int", arguments, {"default", "base"});
  if (subject.is_undefined()) stop_undefined(subject);
  Value otherwise = given.value(0, Value(int64_t{0}));
  if (subject.is_integral()) return Value(subject.integer());
  if (subject.is(Kind::Float)) return std::isnan(subject.number()) ? otherwise : truncated(subject.number());
  if (!subject.is_string()) return otherwise;
  const int64_t base = given.integer(1, 10);
  if (base < 0 || base > 36) return otherwise;
  if (const auto integer = parse_integer(subject.text(), static_cast<int>(base))) return Value(*integer);
  const auto number = parse_float(subject.text());
  return number && std::isfinite(*number) ? truncated(*number) : otherwise;
}

Value to_float(Renderer&, const Value& subject, const Arguments& arguments) {
  const Parameters given("float", arguments, {"default"});
  if (subject.is_undefined()) stop_undefined(subject);
  if (subject.is_number()) return Value(subject.number());
  const auto number = subject.is_string() ? parse_float(subject.text()) : std::nullopt;
  return number ? Value(*number) : given.value(0, Value(0.0));
}

// An int rounded to tens, hundreds, …: ties to even.
Value round_integer(int64_t number, int64_t digits) {
  if (digits >= 0) return Value(number);
  if (digits < -18) return Value(int64_t{0});
  int64_t unit = 1;
  for (int64_t i = 0; i > digits; --i) unit *= 10;
  const int64_t half = unit / 2;
  int64_t rest = number % unit;
  if (rest < 0) rest += unit;
  const int64_t low = number - rest;
  const bool odd = (low / unit) % 2 != 0;
  const bool up = rest > half || (rest == half && odd);
  int64_t result = low;
  if (up && __builtin_add_overflow(low, unit, &result)) stop("an integer result does not fit 64 bits");
  return Value(result);
}

Value round_number(Renderer&, const Value& subject, const Arguments& arguments) {
  const Parameters given("round", arguments, {"precision", "method"});
  const std::string_view method = given.text(1, "common");
  if (method != "common" && method != "ceil" && method != "floor") stop("round()'s method is common, ceil or floor");
  expect_number(subject, "round");
  const int64_t digits = given.integer(0, 0);
  if (method == "common") {
    if (subject.is_integral()) return round_integer(subject.integer(), digits);
    return Value(round_float(subject.number(), digits));
  }
  const double scale = std::pow(10.0, static_cast<double>(std::clamp<int64_t>(digits, -400, 400)));
  if (!std::isfinite(subject.number() * scale)) stop("a float is too large to round");
  const double scaled = subject.number() * scale;
  // Adding zero makes a negative zero positive: Python rounds to an int here.
  return Value(((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) + 0.0) / scale);
}

constexpr Named<FilterFunction> kFilters[] = {
    {"abs", absolute}, {"float", to_float}, {"int", to_integer}, {"round", round_number}};

}  // namespace

std::span<const Named<FilterFunction>> number_filters() { return kFilters; }

}  // namespace headrace::text::jinja
