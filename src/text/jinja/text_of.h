#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// Python's str(value), as `{{ value }}` prints it.
std::string text_of(Heap& heap, const Value& value);
/// Appends str(value) to `out`.
void append_text(Heap& heap, std::string& out, const Value& value);
/// Appends Python's repr(value) to `out`.
void append_repr(Heap& heap, std::string& out, const Value& value);
std::string repr_of(Heap& heap, const Value& value);
/// Python's repr of a float: the shortest digits that read back the same.
std::string float_text(double number);
/// Python's repr of a string, with quotes.
std::string quoted(std::string_view text);

}  // namespace headrace::text::jinja
