#pragma once

#include <string>

#include "python/tokenizers/handle.h"
#include "python/tokenizers/texts.h"

namespace headrace::python {

inline text::PrependScheme prepend_scheme_of(const std::string& word) {
  if (word == "first") return text::PrependScheme::First;
  if (word == "never") return text::PrependScheme::Never;
  if (word == "always") return text::PrependScheme::Always;
  throw Failure({ErrorKind::InvalidArgument, word + " is an unknown variant, should be one of ['first', 'never', 'always']", word});
}

inline std::string name_of(text::PrependScheme scheme) {
  switch (scheme) {
    case text::PrependScheme::First: return "first";
    case text::PrependScheme::Never: return "never";
    case text::PrependScheme::Always: return "always";
  }
  return {};
}

/// The fields that the pre-tokenizer and the decoder of this name share.
template <class Spec, class Metaspace>
void bind_metaspace_fields(PartClass<Spec, Metaspace>& metaspace) {
  metaspace
      .field("replacement", [](const Metaspace& part) { return text_of(part.replacement); },
             [](Metaspace& part, const std::string& value) { part.replacement = character_of(value); })
      .field("prepend_scheme", [](const Metaspace& part) { return name_of(part.prepend_scheme); },
             [](Metaspace& part, const std::string& value) { part.prepend_scheme = prepend_scheme_of(value); })
      .field("split", &Metaspace::split);
}

}  // namespace headrace::python
