#include <algorithm>
#include <cmath>

#include "text/jinja/arithmetic.h"
#include "text/jinja/builtins.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/failure.h"
#include "text/jinja/parameters.h"
#include "text/jinja/renderer.h"
#include "text/jinja/text_of.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

void expect_none(std::string_view name, const Arguments& arguments) { Parameters(name, arguments, {}); }

const Value& other(const Arguments& arguments) {
  return *Parameters("test", arguments, {"other"}, 1).get(0);
}

template <bool (*holds)(const Value&)>
bool plain(Renderer&, const Value& subject, const Arguments& arguments) {
  expect_none("test", arguments);
  return holds(subject);
}

bool is_remainder(Heap& heap, const Value& value, const Value& divisor, int64_t wanted) {
  return equal(heap, apply(heap, Operator::Modulo, value, divisor), Value(wanted));
}

bool is_odd(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  expect_none("odd", arguments);
  return is_remainder(renderer.heap(), subject, Value(int64_t{2}), 1);
}

bool is_even(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  expect_none("even", arguments);
  return is_remainder(renderer.heap(), subject, Value(int64_t{2}), 0);
}

bool is_divisible(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return is_remainder(renderer.heap(), subject, *Parameters("divisibleby", arguments, {"num"}, 1).get(0), 0);
}

bool is_defined(const Value& value) { return !value.is_undefined(); }
bool is_not_defined(const Value& value) { return value.is_undefined(); }
bool is_null(const Value& value) { return value.is_none(); }
bool is_boolean(const Value& value) { return value.is(Kind::Boolean); }
bool is_yes(const Value& value) { return value.is(Kind::Boolean) && value.boolean(); }
bool is_no(const Value& value) { return value.is(Kind::Boolean) && !value.boolean(); }
bool is_whole(const Value& value) { return value.is(Kind::Integer); }
bool is_float(const Value& value) { return value.is(Kind::Float); }
bool is_number(const Value& value) { return value.is_number(); }
bool is_text(const Value& value) { return value.is_string(); }
bool is_mapping(const Value& value) { return value.is(Kind::Dictionary); }
bool is_escaped(const Value& value) { return value.is_string() && value.as<StringObject>().is_markup(); }

// Python asks for a length and for a way to get items; an undefined value has both.
bool is_sequence(const Value& value) {
  return value.is_string() || value.is(Kind::List) || value.is(Kind::Tuple) || value.is(Kind::Dictionary) ||
         value.is(Kind::Range) || value.is_undefined();
}

bool is_walkable(const Value& value) { return is_iterable(value) || value.is(Kind::Loop); }

bool is_callable(const Value& value) {
  return value.is(Kind::Callable) || value.is(Kind::Joiner) || value.is(Kind::Loop) || value.is_undefined();
}

// Whether every cased character passes, and there is one.
bool is_all_cased(Renderer& renderer, const Value& subject, bool (*right)(uint32_t), bool (*wrong)(uint32_t)) {
  const std::string text = text_of(renderer.heap(), subject);
  renderer.heap().step(text.size() / 16);
  bool found = false;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    if (wrong(point.value) || is_titlecase(point.value)) return false;
    found |= right(point.value);
    i += point.size;
  }
  return found;
}

bool is_lower(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  expect_none("lower", arguments);
  return is_all_cased(renderer, subject, is_lowercase, is_uppercase);
}

bool is_upper(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  expect_none("upper", arguments);
  return is_all_cased(renderer, subject, is_uppercase, is_lowercase);
}

bool is_same(Renderer&, const Value& subject, const Arguments& arguments) { return same(subject, other(arguments)); }

bool is_in(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return contains(renderer.heap(), *Parameters("in", arguments, {"seq"}, 1).get(0), subject);
}

bool is_equal(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return equal(renderer.heap(), subject, other(arguments));
}

bool is_unequal(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return !equal(renderer.heap(), subject, other(arguments));
}

bool is_less(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return less(renderer.heap(), subject, other(arguments), "<");
}

bool is_at_most(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return less_or_equal(renderer.heap(), subject, other(arguments), "<=");
}

bool is_greater(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return less(renderer.heap(), other(arguments), subject, ">");
}

bool is_at_least(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return less_or_equal(renderer.heap(), other(arguments), subject, ">=");
}

bool is_filter(Renderer&, const Value& subject, const Arguments& arguments) {
  expect_none("filter", arguments);
  require_hashable(subject);
  return subject.is_string() && find_filter(subject.text());
}

bool is_test(Renderer&, const Value& subject, const Arguments& arguments) {
  expect_none("test", arguments);
  require_hashable(subject);
  return subject.is_string() && find_test(subject.text());
}

constexpr Named<TestFunction> kTests[] = {
    {"!=", is_unequal},
    {"<", is_less},
    {"<=", is_at_most},
    {"==", is_equal},
    {">", is_greater},
    {">=", is_at_least},
    {"boolean", plain<is_boolean>},
    {"callable", plain<is_callable>},
    {"defined", plain<is_defined>},
    {"divisibleby", is_divisible},
    {"eq", is_equal},
    {"equalto", is_equal},
    {"escaped", plain<is_escaped>},
    {"even", is_even},
    {"false", plain<is_no>},
    {"filter", is_filter},
    {"float", plain<is_float>},
    {"ge", is_at_least},
    {"greaterthan", is_greater},
    {"gt", is_greater},
    {"in", is_in},
    {"integer", plain<is_whole>},
    {"iterable", plain<is_walkable>},
    {"le", is_at_most},
    {"lessthan", is_less},
    {"lower", is_lower},
    {"lt", is_less},
    {"mapping", plain<is_mapping>},
    {"ne", is_unequal},
    {"none", plain<is_null>},
    {"number", plain<is_number>},
    {"odd", is_odd},
    {"sameas", is_same},
    {"sequence", plain<is_sequence>},
    {"string", plain<is_text>},
    {"test", is_test},
    {"true", plain<is_yes>},
    {"undefined", plain<is_not_defined>},
    {"upper", is_upper},
};

}  // namespace

TestFunction find_test(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kTests, name, {}, &Named<TestFunction>::name);
  return found != std::end(kTests) && found->name == name ? found->function : nullptr;
}

}  // namespace headrace::text::jinja
