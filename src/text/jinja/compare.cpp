#include "text/jinja/compare.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/cursor.h"
#include "text/jinja/failure.h"

namespace headrace::text::jinja {
namespace {

enum class Order { Less, Equal, Greater, None };

Order order_of(auto left, auto right) {
  if (left < right) return Order::Less;
  if (left > right) return Order::Greater;
  return left == right ? Order::Equal : Order::None;
}

// Exact: an int beside a float is not rounded to a float first.
Order order_int_float(int64_t left, double right) {
  if (std::isnan(right)) return Order::None;
  if (right >= 0x1p63) return Order::Less;
  if (right < -0x1p63) return Order::Greater;
  const double whole = std::trunc(right);
  const Order order = order_of(left, static_cast<int64_t>(whole));
  return order == Order::Equal ? order_of(whole, right) : order;
}

Order order_numbers(const Value& left, const Value& right) {
  const bool left_float = left.is(Kind::Float);
  if (left_float && right.is(Kind::Float)) return order_of(left.number(), right.number());
  if (!left_float && !right.is(Kind::Float)) return order_of(left.integer(), right.integer());
  if (!left_float) return order_int_float(left.integer(), right.number());
  switch (order_int_float(right.integer(), left.number())) {
    case Order::Less: return Order::Greater;
    case Order::Greater: return Order::Less;
    case Order::Equal: return Order::Equal;
    case Order::None: return Order::None;
  }
  return Order::None;
}

bool equal_items(Heap& heap, std::span<const Value> left, std::span<const Value> right) {
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i)
    if (!equal(heap, left[i], right[i])) return false;
  return true;
}

bool equal_dictionaries(Heap& heap, const DictionaryObject& left, const DictionaryObject& right) {
  if (left.entries().size() != right.entries().size()) return false;
  for (const auto& [key, value] : left.entries()) {
    heap.step();
    const Value* other = right.find(key);
    if (!other || !equal(heap, value, *other)) return false;
  }
  return true;
}

bool equal_ranges(const RangeObject& left, const RangeObject& right) {
  if (left.size != right.size || left.size == 0) return left.size == right.size;
  return left.start == right.start && (left.size == 1 || left.step == right.step);
}

Order order_values(Heap& heap, const Value& left, const Value& right, std::string_view sign);

Order order_items(Heap& heap, std::span<const Value> left, std::span<const Value> right, std::string_view sign) {
  for (size_t i = 0; i < left.size() && i < right.size(); ++i)
    if (!equal(heap, left[i], right[i])) return order_values(heap, left[i], right[i], sign);
  return order_of(left.size(), right.size());
}

Order order_values(Heap& heap, const Value& left, const Value& right, std::string_view sign) {
  heap.step();
  if (left.is_number() && right.is_number()) return order_numbers(left, right);
  if (left.is_string() && right.is_string()) {
    heap.step(std::min(left.text().size(), right.text().size()) / 64);
    const int order = left.text().compare(right.text());
    return order_of(order, 0);
  }
  if (left.kind() == right.kind() && (left.is(Kind::List) || left.is(Kind::Tuple)))
    return order_items(heap, left.items(), right.items(), sign);
  if (left.is_undefined()) stop_undefined(left);
  if (right.is_undefined()) stop_undefined(right);
  stop("'{}' cannot compare {} with {}", sign, type_name(left), type_name(right));
}

}  // namespace

bool is_true(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined:
    case Kind::None: return false;
    case Kind::Boolean: return value.boolean();
    case Kind::Integer: return value.integer() != 0;
    case Kind::Float: return value.number() != 0;
    case Kind::String: return !value.text().empty();
    case Kind::List:
    case Kind::Tuple: return !value.items().empty();
    case Kind::Dictionary: return !value.as<DictionaryObject>().entries().empty();
    case Kind::Range: return value.as<RangeObject>().size != 0;
    case Kind::View: return !value.as<ViewObject>().dictionary->entries().empty();
    default: return true;
  }
}

bool equal(Heap& heap, const Value& left, const Value& right) {
  heap.step();
  if (left.is_number() && right.is_number()) return order_numbers(left, right) == Order::Equal;
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::Undefined:
    case Kind::None: return true;
    case Kind::String:
      heap.step(left.text().size() / 64);
      return left.text() == right.text();
    case Kind::List:
    case Kind::Tuple: return left.object() == right.object() || equal_items(heap, left.items(), right.items());
    case Kind::Dictionary:
      return left.object() == right.object() ||
             equal_dictionaries(heap, left.as<DictionaryObject>(), right.as<DictionaryObject>());
    case Kind::Range: return equal_ranges(left.as<RangeObject>(), right.as<RangeObject>());
    default: return left.object() == right.object();
  }
}

bool less(Heap& heap, const Value& left, const Value& right, std::string_view sign) {
  return order_values(heap, left, right, sign) == Order::Less;
}

bool less_or_equal(Heap& heap, const Value& left, const Value& right, std::string_view sign) {
  const Order order = order_values(heap, left, right, sign);
  return order == Order::Less || order == Order::Equal;
}

bool contains(Heap& heap, const Value& haystack, const Value& needle) {
  switch (haystack.kind()) {
    case Kind::String:
      if (!needle.is_string())
        stop("'in <string>' needs a string on its left, not {}", type_name(needle));
      heap.step(haystack.text().size() / 64);
      return haystack.text().find(needle.text()) != std::string_view::npos;
    case Kind::Dictionary: return haystack.as<DictionaryObject>().find(needle) != nullptr;
    default: break;
  }
  if (haystack.is(Kind::View) && haystack.as<ViewObject>().what == ViewOf::Keys)
    return haystack.as<ViewObject>().dictionary->find(needle) != nullptr;
  if (!is_iterable(haystack)) stop("'in' needs a container on its right, not {}", type_name(haystack));
  Cursor cursor(heap, haystack);
  for (Value item; cursor.next(item);)
    if (equal(heap, item, needle)) return true;
  return false;
}

bool same(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::None: return true;
    case Kind::Boolean: return left.boolean() == right.boolean();
    case Kind::Integer: return left.integer() == right.integer();
    case Kind::Float: return left.number() == right.number();
    case Kind::String: return left.text() == right.text();
    default: return left.object() == right.object();
  }
}

void require_hashable(const Value& value) {
  if (value.is(Kind::Tuple)) {
    value.object()->heap().step(value.items().size());
    for (const Value& item : value.items()) require_hashable(item);
  }
  if (value.is(Kind::List) || value.is(Kind::Dictionary)) stop("a {} cannot be a key", type_name(value));
}

}  // namespace headrace::text::jinja
