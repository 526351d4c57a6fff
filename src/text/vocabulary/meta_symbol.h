#pragma once

#include <string>
#include <string_view>

namespace headrace::text {

/// What SentencePiece vocabularies write for a space, as text and as a character.
inline constexpr std::string_view kMetaSymbol = "\xE2\x96\x81";  // ▁
inline constexpr char32_t kMetaCharacter = 0x2581;

/// Appends a spelling, with spaces for the symbol.
inline void append_with_spaces(std::string_view spelling, std::string& out) {
  for (size_t at; (at = spelling.find(kMetaSymbol)) != std::string_view::npos; spelling.remove_prefix(at + kMetaSymbol.size())) {
    out.append(spelling.substr(0, at)) += ' ';
  }
  out.append(spelling);
}

}  // namespace headrace::text
