#include "text/components/post_processors/trim_offsets.h"

#include <algorithm>
#include <string_view>

#include "base/unicode_tables.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr char32_t kSpaceLetter = U'Ġ';  // how byte-level tokens spell a space

bool is_space(char32_t c) { return c == kSpaceLetter || (unicode::class_of(c) & unicode::kWhiteSpace) != 0; }

uint32_t leading_spaces(std::string_view token) {
  uint32_t count = 0;
  for (size_t at = 0; at < token.size(); ++count) {
    uint32_t length = 0;
    if (!is_space(utf8::decode(token.data() + at, length))) break;
    at += length;
  }
  return count;
}

uint32_t trailing_spaces(std::string_view token) {
  uint32_t count = 0;
  for (size_t end = token.size(); end > 0; ++count) {
    size_t begin = end - 1;
    while (begin > 0 && utf8::is_continuation(token[begin])) --begin;
    uint32_t length = 0;
    if (!is_space(utf8::decode(token.data() + begin, length))) break;
    end = begin;
  }
  return count;
}

}  // namespace

void trim_offsets(Encoding& encoding, bool add_prefix_space) {
  for (size_t i = 0; i < encoding.offsets.size() && i < encoding.tokens.size(); ++i) {
    Offset& offset = encoding.offsets[i];
    uint32_t leading = leading_spaces(encoding.tokens[i]);
    const uint32_t trailing = trailing_spaces(encoding.tokens[i]);
    // Words that the caller cut begin at 0 again, so a first token is not only token 0.
    const bool first = i == 0 || offset.begin == 0;
    if (first && add_prefix_space && leading == 1) leading = 0;
    if (leading > 0) offset.begin = std::min(offset.begin + leading, offset.end);
    if (trailing > 0 && offset.end >= trailing) offset.end = std::max(offset.end - trailing, offset.begin);
  }
  for (Encoding& more : encoding.overflowing) trim_offsets(more, add_prefix_space);
}

}  // namespace headrace::text
