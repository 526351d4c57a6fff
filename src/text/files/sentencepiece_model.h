#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/pipeline.h"
#include "text/tokenizer.h"

namespace headrace::text {

/// What a SentencePiece .model says, as plain data.
struct SentencePieceModel {
  enum class Type : uint8_t { Unigram = 1, Bpe = 2, Word = 3, Char = 4 };
  struct Piece {
    std::string text;
    float score = 0;
    TokenKind kind = TokenKind::Normal;
  };
  Type type = Type::Unigram;
  std::vector<Piece> pieces;  ///< by id
  bool byte_fallback = false;
  bool treat_whitespace_as_suffix = false;
  std::string charsmap;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;

  std::optional<TokenId> find(TokenKind kind) const;
};

/// Whether the bytes look like a .model: a message that begins with a piece.
bool looks_like_sentencepiece(std::string_view bytes);
/// InvalidData names the place or the piece that makes no sense; `name` is the file's.
/// Memory is proportional to the bytes.
Result<SentencePieceModel> read_sentencepiece_model(std::string_view bytes, std::string_view name);

/// The parts that do what SentencePiece does, as far as parts can: see docs/tokenizers.md.
Result<Pipeline> pipeline_of(const SentencePieceModel& model);

}  // namespace headrace::text
