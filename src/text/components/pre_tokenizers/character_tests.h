#pragma once

namespace headrace::text {

/// What Punctuation and BertPreTokenizer take for punctuation.
bool is_reference_punctuation(char32_t c);
/// What Digits takes for a digit.
bool is_reference_numeric(char32_t c);
/// What Whitespace takes for a part of a word.
bool is_reference_word(char32_t c);

inline constexpr int kEveryScript = -1;
/// A number for the script of a character as UnicodeScripts sees it (all kana is Han);
/// kEveryScript for what goes with any script.
int reference_script(char32_t c);

}  // namespace headrace::text
