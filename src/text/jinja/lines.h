#pragma once

#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// Python's str.splitlines.
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends = false);
/// Python's str.replace; `count` below zero: all.
std::string replace_all(Heap& heap, std::string_view text, std::string_view from, std::string_view to, int64_t count);

}  // namespace headrace::text::jinja
