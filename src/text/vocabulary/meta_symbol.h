#pragma once

#include <string_view>

namespace headrace::text {

/// What SentencePiece vocabularies write for a space, as text and as a character.
inline constexpr std::string_view kMetaSymbol = "\xE2\x96\x81";  // ▁
inline constexpr char32_t kMetaCharacter = 0x2581;

}  // namespace headrace::text
