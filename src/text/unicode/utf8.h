#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/utf8.h"

namespace headrace::text::utf8 {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

enum class Form : uint8_t { Valid, Invalid, Incomplete };

/// What a text of any bytes begins with: a valid character; a maximal part of one
/// that cannot be completed (at least one byte, Unicode 16, section 3.9); or, at the
/// end of the text, a part that more bytes could complete.
struct Sequence {
  Form form;
  uint32_t length;
};
Sequence examine(std::string_view bytes);

/// How bytes that are no character are replaced.
enum class Repair : uint8_t {
  EachPart,  ///< one U+FFFD for each maximal invalid part
  EachByte,  ///< one U+FFFD for each invalid byte
};

/// Appends `bytes` to `out`, with U+FFFD for what is invalid. An incomplete end is
/// left alone; returns how many bytes at the end that is (0 to 3).
size_t append_repaired(std::string& out, std::string_view bytes, Repair repair);

/// Appends what stands for `length` invalid bytes that form one maximal part.
void append_replacement(std::string& out, size_t length, Repair repair);

}  // namespace headrace::text::utf8
