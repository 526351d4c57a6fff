#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::text {

/// The byte of "<0xE5>"; none for other tokens.
std::optional<char> fallback_byte(std::string_view token);

/// Appends the bytes that the token's letters stand for; as it is if one of them is no byte letter.
void append_bytes(std::string_view token, std::string& bytes);

}  // namespace headrace::text
