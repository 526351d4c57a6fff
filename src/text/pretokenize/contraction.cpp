#include "text/pretokenize/contraction.h"

namespace headrace::text {

size_t contraction_length(std::string_view text, size_t at, LetterCase letter_case) {
  if (text[at] != '\'') return 0;
  const auto letter = [&](size_t i) -> char {
    if (at + i >= text.size()) return 0;
    const char c = text[at + i];
    return letter_case == LetterCase::Any && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = letter(1), second = letter(2);
  switch (first) {
    case 's': case 't': case 'm': case 'd': return 2;
    case 'r': return second == 'e' ? 3 : 0;
    case 'v': return second == 'e' ? 3 : 0;
    case 'l': return second == 'l' ? 3 : 0;
    default: break;
  }
  const bool long_s = first == '\xC5' && second == '\xBF';
  return letter_case == LetterCase::Any && long_s ? 3 : 0;
}

}  // namespace headrace::text
