#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "text/regex/options.h"
#include "text/regex/pattern_reader.h"

namespace headrace::text::regex {

/// An escape that stands for characters, in and outside of classes.
struct CharacterEscape {
  std::u32string characters;  ///< none: can match no text (a byte that no character has)
};

/// \w \d \s \h \p{…} and their negations; none if there is no such escape here. The
/// reader is behind the backslash. Outside of brackets the numbers of Latin-1 that are no
/// digits (² ³ ¹ ¼ ½ ¾) are word characters too, as they are there.
Result<std::optional<CodePointSet>> read_class_escape(PatternReader& reader, const Options& options, bool in_brackets);

/// What \w and \b take for a word character outside of brackets.
CodePointSet word_characters(const Options& options);

/// [:name:]
CodePointSet posix_class(std::string_view name, const Options& options);

/// Every other escape for characters: \n \x41 \x{41 42} \u0041 \101 \o{101} \cA \M-a … and
/// any character for itself. The reader is behind the backslash.
Result<CharacterEscape> read_character_escape(PatternReader& reader);

/// A POSIX class's or property's set, as the options limit it to ASCII.
CodePointSet class_by_options(std::string_view name, CodePointSet set, const Options& options);

}  // namespace headrace::text::regex
