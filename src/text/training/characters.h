#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "text/unicode/utf8.h"

namespace headrace::text {

/// Calls `f(text, first, last)` for each character of a word, spelled in UTF-8.
template <class F>
void for_each_character(std::string_view word, const F& f) {
  for (size_t at = 0; at < word.size();) {
    const size_t length = std::min<size_t>(utf8::length_by_lead(word[at]), word.size() - at);
    f(word.substr(at, length), at == 0, at + length == word.size());
    at += length;
  }
}

/// The character that is spelled so; U+FFFD for bytes that are none.
inline char32_t character_of(std::string_view text) {
  uint32_t length = utf8::length_by_lead(text[0]);
  return length == text.size() ? utf8::decode(text.data(), length) : U'\uFFFD';
}

/// Appends a character in UTF-8.
inline void append_character(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

inline std::string spelled(char32_t c) {
  std::string text;
  append_character(text, c);
  return text;
}

}  // namespace headrace::text
