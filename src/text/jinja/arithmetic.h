#pragma once

#include "text/jinja/value.h"

namespace headrace::text::jinja {

enum class Operator { Add, Subtract, Multiply, Divide, FloorDivide, Modulo, Power };

/// Python's binary operators, on numbers, strings, lists and tuples. An integer
/// that would not fit 64 bits stops the rendering.
Value apply(Heap& heap, Operator operation, const Value& left, const Value& right);
Value negate(const Value& value);
Value plus(const Value& value);

}  // namespace headrace::text::jinja
