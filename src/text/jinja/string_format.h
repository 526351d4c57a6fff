#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// Python's `format % values`.
std::string format_percent(Heap& heap, std::string_view format, const Value& values);
/// Python's format.format(...).
std::string format_braces(Renderer& renderer, std::string_view format, const Arguments& arguments);

}  // namespace headrace::text::jinja
