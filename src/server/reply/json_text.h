#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::server {

/// Appends valid UTF-8 as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);
void append_json_number(std::string& out, uint64_t number);
/// Not a number becomes null, infinities ±9999: JSON has neither.
void append_json_logprob(std::string& out, float number);

/// How many characters valid UTF-8 has.
uint32_t count_characters(std::string_view text);
bool is_valid_utf8(std::string_view bytes);

}  // namespace headrace::server
