#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  std::vector<NormalizerSpec> normalizers;  ///< sequences taken apart
  std::string irregular;           ///< characters of strings that are replaced together
  bool one_word = false;             ///< a stretch is not cut into words: the model sees all of it
  bool only_first_prefixed = false;  ///< ▁ is put in front of a text and not of its other stretches
};

/// Recognises the parts of published WordPiece and Unigram tokenizers; none for anything else. The
/// first two may be null.
std::optional<UnitShape> recognise_units(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer,
                                         const ModelSpec& model);

/// The unit_code of a character by what the normalizer makes of it alone (none: it depends on others); without kKnown.
uint8_t unit_code_of(const UnitShape& shape, char32_t c, std::optional<std::string_view> form);

/// What looks at characters one by one, and at marks beside them.
bool works_on_characters(const NormalizerSpec& part);

}  // namespace headrace::text
