#pragma once

#include <memory>
#include <string>

#include "text/pretokenize/pre_tokenizer.h"

namespace headrace::text {

/// A pre-tokenizer given by a pattern: the general way, for those that have no scanner
/// by hand. Its matches and what is between them are pieces (an empty match only cuts).
///
/// The pattern is of the reference's dialect (Oniguruma) as far as published ones use
/// it: \p{L}, \p{N}, \p{Lu} …, \s, \S, \d, \w become explicit ranges of our Unicode
/// tables before PCRE2 compiles them, because PCRE2's own tables are of the version
/// that Debian ships (14) and its \s and \w differ. \p{Han} alone is PCRE2's.
/// Matching is bounded: a text that drives a pattern beyond the limit is OutOfRange.
Result<std::unique_ptr<const PreTokenizer>> make_pattern_pre_tokenizer(const std::string& pattern);

}  // namespace headrace::text
