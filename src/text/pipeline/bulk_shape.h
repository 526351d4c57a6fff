#pragma once

#include <optional>
#include <string>
#include <vector>

#include "text/components.h"
#include "text/pretokenize/split_rules.h"

namespace headrace::text {

/// What a pipeline does to the stretches of a text between added tokens, where that is
/// something that texts are encoded in bulk for.
struct BulkShape {
  enum class Kind : uint8_t {
    ByteLevel,      ///< pieces of a published family, spelled in bytes
    SentencePiece,  ///< ▁ for spaces, and all of a stretch is one piece
  };
  /// Where ▁ is put in front.
  enum class Prefix : uint8_t {
    None,
    Always,         ///< of every stretch
    UnlessThere,    ///< of every stretch that does not begin with one
    FirstUnlessThere,  ///< the same, but only where the text begins
  };
  Kind kind = Kind::ByteLevel;
  bool nfc = false;             ///< stretches are normalised first
  bool respells_early = false;  ///< a normaliser writes ▁, so added tokens are looked for in such texts
  Prefix prefix = Prefix::None;
  std::optional<SplitRules> rules;  ///< of ByteLevel
  /// Of SentencePiece: strings that are pieces of their own wherever a text has them, the longest first; and whether a piece
  /// that is spelled like a token is that token.
  std::vector<std::string> cut_out;
  bool takes_whole = false;
  BpeModel model;
};

/// Recognises the parts of published tokenizers; none for anything else. Either of the
/// first two may be null.
std::optional<BulkShape> recognise(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer,
                                   const ModelSpec& model);

/// A published family of byte-level pieces, as models are trained on them.
struct ByteLevelShape {
  SplitRules rules;
  bool nfc = false;           ///< texts are normalised first
  bool prefix_space = false;  ///< in front of texts that do not begin with one
};
std::optional<ByteLevelShape> recognise_byte_level(const LivePart<NormalizerSpec>& normalizer,
                                                   const LivePart<PreTokenizerSpec>& pre_tokenizer);

}  // namespace headrace::text
