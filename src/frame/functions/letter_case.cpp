#include "frame/functions/letter_case.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/unicode_tables.h"
#include "text/utf8.h"

namespace headrace::frame {
namespace {

namespace utf8 = headrace::text::utf8;

/// What becomes several characters in capitals: the unconditional rows of Unicode's SpecialCasing.txt, in order.
struct Capitals {
  char32_t of;
  const char8_t* capitals;
};
constexpr Capitals kSeveral[] = {
    {0x00DF, u8"SS"}, {0x0149, u8"\u02BCN"}, {0x01F0, u8"J\u030C"}, {0x0390, u8"\u0399\u0308\u0301"}, {0x03B0, u8"\u03A5\u0308\u0301"},
    {0x0587, u8"\u0535\u0552"}, {0x1E96, u8"H\u0331"}, {0x1E97, u8"T\u0308"}, {0x1E98, u8"W\u030A"}, {0x1E99, u8"Y\u030A"},
    {0x1E9A, u8"A\u02BE"}, {0x1F50, u8"\u03A5\u0313"}, {0x1F52, u8"\u03A5\u0313\u0300"}, {0x1F54, u8"\u03A5\u0313\u0301"},
    {0x1F56, u8"\u03A5\u0313\u0342"}, {0x1F80, u8"\u1F08\u0399"}, {0x1F81, u8"\u1F09\u0399"}, {0x1F82, u8"\u1F0A\u0399"},
    {0x1F83, u8"\u1F0B\u0399"}, {0x1F84, u8"\u1F0C\u0399"}, {0x1F85, u8"\u1F0D\u0399"}, {0x1F86, u8"\u1F0E\u0399"},
    {0x1F87, u8"\u1F0F\u0399"}, {0x1F88, u8"\u1F08\u0399"}, {0x1F89, u8"\u1F09\u0399"}, {0x1F8A, u8"\u1F0A\u0399"},
    {0x1F8B, u8"\u1F0B\u0399"}, {0x1F8C, u8"\u1F0C\u0399"}, {0x1F8D, u8"\u1F0D\u0399"}, {0x1F8E, u8"\u1F0E\u0399"},
    {0x1F8F, u8"\u1F0F\u0399"}, {0x1F90, u8"\u1F28\u0399"}, {0x1F91, u8"\u1F29\u0399"}, {0x1F92, u8"\u1F2A\u0399"},
    {0x1F93, u8"\u1F2B\u0399"}, {0x1F94, u8"\u1F2C\u0399"}, {0x1F95, u8"\u1F2D\u0399"}, {0x1F96, u8"\u1F2E\u0399"},
    {0x1F97, u8"\u1F2F\u0399"}, {0x1F98, u8"\u1F28\u0399"}, {0x1F99, u8"\u1F29\u0399"}, {0x1F9A, u8"\u1F2A\u0399"},
    {0x1F9B, u8"\u1F2B\u0399"}, {0x1F9C, u8"\u1F2C\u0399"}, {0x1F9D, u8"\u1F2D\u0399"}, {0x1F9E, u8"\u1F2E\u0399"},
    {0x1F9F, u8"\u1F2F\u0399"}, {0x1FA0, u8"\u1F68\u0399"}, {0x1FA1, u8"\u1F69\u0399"}, {0x1FA2, u8"\u1F6A\u0399"},
    {0x1FA3, u8"\u1F6B\u0399"}, {0x1FA4, u8"\u1F6C\u0399"}, {0x1FA5, u8"\u1F6D\u0399"}, {0x1FA6, u8"\u1F6E\u0399"},
    {0x1FA7, u8"\u1F6F\u0399"}, {0x1FA8, u8"\u1F68\u0399"}, {0x1FA9, u8"\u1F69\u0399"}, {0x1FAA, u8"\u1F6A\u0399"},
    {0x1FAB, u8"\u1F6B\u0399"}, {0x1FAC, u8"\u1F6C\u0399"}, {0x1FAD, u8"\u1F6D\u0399"}, {0x1FAE, u8"\u1F6E\u0399"},
    {0x1FAF, u8"\u1F6F\u0399"}, {0x1FB2, u8"\u1FBA\u0399"}, {0x1FB3, u8"\u0391\u0399"}, {0x1FB4, u8"\u0386\u0399"},
    {0x1FB6, u8"\u0391\u0342"}, {0x1FB7, u8"\u0391\u0342\u0399"}, {0x1FBC, u8"\u0391\u0399"}, {0x1FC2, u8"\u1FCA\u0399"},
    {0x1FC3, u8"\u0397\u0399"}, {0x1FC4, u8"\u0389\u0399"}, {0x1FC6, u8"\u0397\u0342"}, {0x1FC7, u8"\u0397\u0342\u0399"},
    {0x1FCC, u8"\u0397\u0399"}, {0x1FD2, u8"\u0399\u0308\u0300"}, {0x1FD3, u8"\u0399\u0308\u0301"}, {0x1FD6, u8"\u0399\u0342"},
    {0x1FD7, u8"\u0399\u0308\u0342"}, {0x1FE2, u8"\u03A5\u0308\u0300"}, {0x1FE3, u8"\u03A5\u0308\u0301"}, {0x1FE4, u8"\u03A1\u0313"},
    {0x1FE6, u8"\u03A5\u0342"}, {0x1FE7, u8"\u03A5\u0308\u0342"}, {0x1FF2, u8"\u1FFA\u0399"}, {0x1FF3, u8"\u03A9\u0399"},
    {0x1FF4, u8"\u038F\u0399"}, {0x1FF6, u8"\u03A9\u0342"}, {0x1FF7, u8"\u03A9\u0342\u0399"}, {0x1FFC, u8"\u03A9\u0399"},
    {0xFB00, u8"FF"}, {0xFB01, u8"FI"}, {0xFB02, u8"FL"}, {0xFB03, u8"FFI"}, {0xFB04, u8"FFL"}, {0xFB05, u8"ST"}, {0xFB06, u8"ST"},
    {0xFB13, u8"\u0544\u0546"}, {0xFB14, u8"\u0544\u0535"}, {0xFB15, u8"\u0544\u053B"}, {0xFB16, u8"\u054E\u0546"},
    {0xFB17, u8"\u0544\u053D"},
};

char32_t at(std::string_view text, size_t place, uint32_t& length) { return utf8::decode(text.data() + place, length); }

bool is_cased(char32_t c) {
  return (unicode::class_of(c) & (unicode::kUpper | unicode::kLower | unicode::kTitle)) != 0;
}
/// What a word goes on through: marks, and signs that stand within words.
bool is_passed(char32_t c) {
  using enum unicode::Category;
  constexpr unicode::ClassMask kPassed = unicode::kMark | unicode::bit(Cf) | unicode::bit(Lm) | unicode::bit(Sk);
  return (unicode::class_of(c) & kPassed) != 0 || c == '\'' || c == '.' || c == ':' || c == 0xB7 || c == 0x2019;
}

/// Whether a sigma at [begin, end) ends a word: a letter before it and none behind.
bool ends_word(std::string_view text, size_t begin, size_t end) {
  uint32_t length = 0;
  char32_t c = 0;
  size_t place = begin;
  do {
    if (place == 0) return false;
    do {
      --place;
    } while (utf8::is_continuation(text[place]));
    c = at(text, place, length);
  } while (is_passed(c));
  if (!is_cased(c)) return false;
  for (place = end; place < text.size(); place += length) {
    c = at(text, place, length);
    if (!is_passed(c)) return !is_cased(c);
  }
  return true;
}

}  // namespace

void append_lowercase(std::string_view text, std::string& out) {
  uint32_t length = 0;
  for (size_t place = 0; place < text.size(); place += length) {
    const char32_t c = at(text, place, length);
    if (c < 0x80) {
      out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    } else if (c == 0x130) {  // I with a dot keeps it
      out += "i\xCC\x87";
    } else if (c == 0x3A3) {
      utf8::append(out, ends_word(text, place, place + length) ? 0x3C2 : 0x3C3);
    } else {
      utf8::append(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
  }
}

void append_uppercase(std::string_view text, std::string& out) {
  uint32_t length = 0;
  for (size_t place = 0; place < text.size(); place += length) {
    const char32_t c = at(text, place, length);
    if (c < 0x80) {
      out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      continue;
    }
    const auto* several = std::ranges::lower_bound(kSeveral, c, {}, &Capitals::of);
    if (several != std::end(kSeveral) && several->of == c) {
      out += reinterpret_cast<const char*>(several->capitals);
    } else {
      utf8::append(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
    }
  }
}

void append_reversed(std::string_view text, std::string& out) {
  std::vector<size_t> begins;
  utf8proc_int32_t before = 0, state = 0;
  uint32_t length = 0;
  for (size_t place = 0; place < text.size(); place += length) {
    const char32_t c = at(text, place, length);
    const auto now = static_cast<utf8proc_int32_t>(c);
    if (place == 0 || utf8proc_grapheme_break_stateful(before, now, &state)) begins.push_back(place);
    before = now;
  }
  size_t end = text.size();
  for (size_t i = begins.size(); i-- > 0; end = begins[i]) out += text.substr(begins[i], end - begins[i]);
}

}  // namespace headrace::frame
