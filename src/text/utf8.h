#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Characters in UTF-8, of text that is known to be valid but where it says otherwise.
namespace headrace::text::utf8 {

/// Of any bytes: the length of the longest valid beginning.
size_t valid_prefix(std::string_view bytes);

inline bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

/// Returns the length of the valid character that begins with this byte.
inline uint32_t length_by_lead(char byte) {
  const auto lead = static_cast<uint8_t>(byte);
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

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

/// Writes a character, which is no surrogate, in at most four bytes; returns their end.
inline char* write(char32_t c, char* out) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xC0 | c >> 6);
    *out++ = tail(0);
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xE0 | c >> 12);
    *out++ = tail(6);
    *out++ = tail(0);
  } else {
    *out++ = static_cast<char>(0xF0 | c >> 18);
    *out++ = tail(12);
    *out++ = tail(6);
    *out++ = tail(0);
  }
  return out;
}

/// Appends a character.
inline void append(std::string& out, char32_t c) {
  char bytes[4];
  out.append(bytes, write(c, bytes));
}

inline std::string encode(char32_t c) {
  char bytes[4];
  return {bytes, write(c, bytes)};
}

}  // namespace headrace::text::utf8
