#pragma once

#include <optional>
#include <string_view>

#include "text/components.h"
#include "text/pipeline/bulk_shape.h"

namespace headrace::text {

/// What can be told of a text's words before it is normalised.
struct WordCut {
  enum class Kind : uint8_t {
    Texts,   ///< nothing: each text is normalised and cut
    Units,   ///< it may be cut before certain spaces (unit_end)
    Pieces,  ///< each piece of a family, spelled in bytes, is a word
  };
  Kind kind = Kind::Texts;
  std::optional<ByteLevelShape> pieces;
};

/// How texts of these parts are cut; both may be null.
WordCut recognise_words(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer);

/// Where the unit ends that begins at `begin`: at a space between a visible character and a letter or digit, all of
/// them ASCII; or at the text's end. Such a unit, normalised and cut as if it were a text, gives the words that
/// it has in the text: nothing is normalised across its ends, and every cut depends on
/// what is before a space or on what is after it.
size_t unit_end(std::string_view text, size_t begin);

}  // namespace headrace::text
