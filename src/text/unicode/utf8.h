#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::text::utf8 {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

inline bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

/// Reads the character at `p`, which must begin a valid one; sets its length in bytes.
inline char32_t decode(const char* p, uint32_t& length) {
  const auto at = [p](int i) { return static_cast<char32_t>(static_cast<uint8_t>(p[i])); };
  const char32_t lead = at(0);
  if (lead < 0x80) {
    length = 1;
    return lead;
  }
  if (lead < 0xE0) {
    length = 2;
    return (lead & 0x1F) << 6 | (at(1) & 0x3F);
  }
  if (lead < 0xF0) {
    length = 3;
    return (lead & 0x0F) << 12 | (at(1) & 0x3F) << 6 | (at(2) & 0x3F);
  }
  length = 4;
  return (lead & 0x07) << 18 | (at(1) & 0x3F) << 12 | (at(2) & 0x3F) << 6 | (at(3) & 0x3F);
}

/// The UTF-8 of a character that is no surrogate.
inline std::string encode(char32_t c) {
  const auto next = [c](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), next(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), next(6), next(0)};
  return {static_cast<char>(0xF0 | c >> 18), next(12), next(6), next(0)};
}

/// Returns the length of the valid character that begins with this byte.
inline uint32_t length_by_lead(char byte) {
  const auto lead = static_cast<uint8_t>(byte);
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/// Appends a character.
inline void append(std::string& out, char32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += {static_cast<char>(0xC0 | c >> 6), tail(0)};
  } else if (c < 0x10000) {
    out += {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  } else {
    out += {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
  }
}

enum class Form : uint8_t { Valid, Invalid, Incomplete };

/// What a text of any bytes begins with: a valid character; a maximal part of one
/// that cannot be completed (at least one byte, Unicode 16, section 3.9); or, at the
/// end of the text, a part that more bytes could complete.
struct Sequence {
  Form form;
  uint32_t length;
};
Sequence examine(std::string_view bytes);

/// Returns the length of the longest valid beginning.
size_t valid_prefix(std::string_view bytes);

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
