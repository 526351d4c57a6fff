#pragma once

#include <string>
#include <string_view>

namespace headrace::text {

/// Appends a string in quotes, with the escapes that the reference writes.
void append_json_string(std::string& out, std::string_view text);

/// Appends the fewest digits that read back as the same number, laid out as the reference
/// does: "0.00001", "1e-6", "1e+16". Infinite values and NaN are null.
void append_json_number(std::string& out, double value);
void append_json_number(std::string& out, float value);

}  // namespace headrace::text
