#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/bulk/character_forms.h"
#include "text/bulk/unit_encoder.h"
#include "text/components.h"

namespace headrace::text {

/// What a pipeline is whose words are normalised and encoded one by one.
struct UnitShape {
  enum class Kind : uint8_t { WordPiece, Unigram };
  Kind kind = Kind::WordPiece;
  UnitCut cut = UnitCut::Words;
  bool clusters = false;           ///< a charsmap looks at grapheme clusters
  bool capitals_matter = false;    ///< A and a are not always the same where A becomes a
  std::string irregular;           ///< characters of strings that are replaced together
  bool only_first_prefixed = false;  ///< ▁ is put in front of a text and not of its other stretches
};

/// Recognises the parts of published WordPiece and Unigram tokenizers; none for anything else. The
/// first two may be null.
std::optional<UnitShape> recognise_units(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer,
                                         const ModelSpec& model);

uint8_t unit_code_of(const UnitShape& shape, const CharacterForms& forms, char32_t c);

/// The unit_code of each character of the basic plane. `is_entry` says whether a character is an entry of the model.
template <class IsEntry>
std::vector<uint8_t> unit_codes(const UnitShape& shape, const CharacterForms& forms, const IsEntry& is_entry) {
  std::vector<uint8_t> codes(CharacterForms::kCount);
  for (char32_t c = 0; c < CharacterForms::kCount; ++c) {
    codes[c] = unit_code_of(shape, forms, c);
    if ((codes[c] & unit_code::kEasy) && !forms.is_changed(c) && is_entry(c)) codes[c] |= unit_code::kKnown;
  }
  return codes;
}

}  // namespace headrace::text
