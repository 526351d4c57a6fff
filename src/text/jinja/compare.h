#pragma once

#include <string_view>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// Python's truth of a value.
bool is_true(const Value& value);
/// Python's ==.
bool equal(Heap& heap, const Value& left, const Value& right);
/// Python's < ; `sign` is the operator to name when the types have no order.
bool less(Heap& heap, const Value& left, const Value& right, std::string_view sign = "<");
/// left <= right, for the operator named by `sign`.
bool less_or_equal(Heap& heap, const Value& left, const Value& right, std::string_view sign = "<=");
/// Python's `needle in haystack`.
bool contains(Heap& heap, const Value& haystack, const Value& needle);
/// The same object, as Python's `is` sees it.
bool same(const Value& left, const Value& right);
/// Stops unless Python could use `value` as a key.
void require_hashable(const Value& value);

}  // namespace headrace::text::jinja
