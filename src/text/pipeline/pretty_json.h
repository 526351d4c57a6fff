#pragma once

#include <string>
#include <string_view>

namespace headrace::text {

/// Appends compact JSON laid out with two spaces a level, as the reference does; `level` is
/// that of the line it begins in.
void append_pretty_json(std::string& out, std::string_view compact, int level);

}  // namespace headrace::text
