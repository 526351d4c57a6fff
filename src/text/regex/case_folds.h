#pragma once

#include <string>
#include <vector>

#include "text/regex/code_point_set.h"

namespace headrace::text::regex {

/// Which characters are the same when case is ignored.
enum class FoldTable : uint8_t { Unicode, Ascii };

/// The single characters that fold as `c` does, itself included.
CodePointSet same_case(char32_t c, FoldTable table);
/// Adds the characters that fold as one of the set does.
void add_same_case(CodePointSet& set, FoldTable table);
/// The longer foldings ("ss" of ß) of the characters of a set, without repetition.
std::vector<std::u32string> long_folds(const CodePointSet& set, FoldTable table);
/// The characters whose folding is longer than one character and is that of `text`.
CodePointSet characters_folding_to(const std::u32string& text, FoldTable table);
/// The folding of one character.
std::u32string folded(char32_t c, FoldTable table);

}  // namespace headrace::text::regex
