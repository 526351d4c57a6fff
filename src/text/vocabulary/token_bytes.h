#pragma once

#include "text/vocabulary/vocabulary.h"

namespace headrace::text {

/// The bytes that each entry of a byte-level vocabulary stands for. Added tokens, and
/// entries with a character that is no byte letter, stand for their own spelling.
StringArena byte_level_token_bytes(const Vocabulary& vocabulary);

/// The same for a SentencePiece vocabulary: ▁ is a space, <0xXX> is a byte.
StringArena sentencepiece_token_bytes(const Vocabulary& vocabulary);

/// Returns the byte that a spelling like "<0x0A>" names, or -1.
int named_byte(std::string_view spelling);

}  // namespace headrace::text
