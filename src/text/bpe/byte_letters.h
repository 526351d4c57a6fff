#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::text {

/// The alphabet in which byte-level vocabularies spell bytes: printable Latin-1
/// characters stand for themselves, the other bytes in ascending order for the
/// characters from U+0100 on (so "Ġ" is a space and "Ċ" a newline).
struct ByteLetters {
  /// The spelling of one byte, in UTF-8.
  static std::string letter(uint8_t byte);
  /// Appends the bytes that `spelling` stands for; false, and nothing appended, if
  /// some character is not of the alphabet.
  static bool append_bytes(std::string_view spelling, std::string& out);
  /// The same into memory with room for as many bytes as the spelling has: the end of what was written, or null.
  static char* write_bytes(std::string_view spelling, char* out);
};

}  // namespace headrace::text
