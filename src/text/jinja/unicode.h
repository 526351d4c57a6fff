#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::text::jinja {

/// One code point of UTF-8 text and its length in bytes. A byte that is no valid
/// UTF-8 counts as one code point, 0x110000 + byte, so that any bytes can be
/// walked, counted and sliced without loss.
struct CodePoint {
  uint32_t value;
  uint32_t size;
};

CodePoint decode_at(std::string_view text, size_t position);
/// The start of the code point that ends before `position` (> 0).
size_t previous_start(std::string_view text, size_t position);
size_t count_code_points(std::string_view text);
bool is_valid_utf8(std::string_view text);
/// The byte offset of code point `index` (or the size, past the end).
size_t byte_offset(std::string_view text, size_t index);
void append_code_point(std::string& text, uint32_t code_point);

/// Python's str.isspace for one character.
bool is_space(uint32_t code_point);
/// Python's str.upper, lower, title, capitalize and swapcase.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);
std::string to_capitalized(std::string_view text);
std::string swap_case(std::string_view text);
bool is_cased(uint32_t code_point);
bool is_uppercase(uint32_t code_point);
bool is_lowercase(uint32_t code_point);
bool is_titlecase(uint32_t code_point);
bool is_alphabetic(uint32_t code_point);
bool is_decimal(uint32_t code_point);
bool is_digit(uint32_t code_point);
bool is_numeric(uint32_t code_point);
/// Python's str.isprintable for one character.
bool is_printable(uint32_t code_point);

std::string_view strip(std::string_view text, bool left = true, bool right = true);
/// Strips the characters of `set` instead of white space.
std::string_view strip(std::string_view text, std::string_view set, bool left, bool right);

}  // namespace headrace::text::jinja
