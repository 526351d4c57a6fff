#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <utility>
#include <vector>

#include "text/components.h"
#include "text/pipeline.h"

namespace headrace::python {

/// Warns that an option is not known, on standard error as the reference does.
void warn_unknown_option(nanobind::handle name);
/// A DeprecationWarning; raises if the program turned warnings into errors.
void warn_deprecated(const char* message);

/// {"a": 0, …}
std::vector<std::pair<std::string, text::TokenId>> vocabulary_of(nanobind::handle dictionary);
nanobind::dict dictionary_of(const std::vector<std::pair<std::string, text::TokenId>>& vocabulary);
/// ("[SEP]", 102); TypeError otherwise.
text::TokenAndId token_and_id_of(nanobind::handle pair);
/// AddedToken objects or `str`; `special`: what a `str` becomes, and what all become.
std::vector<text::AddedToken> added_tokens_of(nanobind::handle list, bool special);

}  // namespace headrace::python
