#pragma once

#include <string>
#include <string_view>

namespace headrace::frame::csv {

/// Appends text with U+FFFD for each part that is no UTF-8: as much of a character as there is, or a byte.
void append_repaired(std::string_view text, std::string& out);

}  // namespace headrace::frame::csv
