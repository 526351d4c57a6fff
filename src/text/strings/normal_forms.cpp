#include "text/strings/normal_forms.h"

#include <algorithm>
#include <bit>
#include <span>
#include <tuple>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "text/strings/reference_unicode.h"
#include "text/unicode/utf8.h"
#include "text/unicode/utf8_append.h"

namespace headrace::text {
namespace {

namespace data = reference_unicode;

// Hangul syllables are composed by arithmetic (Unicode, section 3.12).
constexpr char32_t kLeadingBase = 0x1100, kVowelBase = 0x1161, kTrailingBase = 0x11A7, kSyllableBase = 0xAC00;
constexpr uint32_t kLeadingCount = 19, kVowelCount = 21, kTrailingCount = 28;
constexpr uint32_t kSyllableCount = kLeadingCount * kVowelCount * kTrailingCount;

bool is_compatible(NormalForm form) { return form == NormalForm::Nfkc || form == NormalForm::Nfkd; }
bool composes(NormalForm form) { return form == NormalForm::Nfc || form == NormalForm::Nfkc; }

using Text = std::vector<CharacterChange>;

/// Appends the decomposition of one character: its first part stands for it, the rest is new.
void append_decomposed(char32_t c, bool compatible, Text& out) {
  if (c - kSyllableBase < kSyllableCount) {
    const uint32_t syllable = c - kSyllableBase;
    out.push_back({kLeadingBase + syllable / (kVowelCount * kTrailingCount), 0});
    out.push_back({kVowelBase + syllable / kTrailingCount % kVowelCount, 1});
    if (syllable % kTrailingCount != 0) out.push_back({kTrailingBase + syllable % kTrailingCount, 1});
    return;
  }
  const auto parts = c < 0xA0 ? std::span<const char32_t>{}
                     : compatible ? data::compatible_decomposition(c) : data::canonical_decomposition(c);
  if (parts.empty()) {
    out.push_back({c, 0});
    return;
  }
  int32_t change = 0;
  for (const char32_t part : parts) {
    out.push_back({part, change});
    change = 1;
  }
}

/// Puts each run of marks into the order of their classes; equal ones stay as they are.
void order_marks(Text& text) {
  const auto class_of = [](const CharacterChange& c) { return c.character < 0x300 ? 0 : data::combining_class(c.character); };
  for (size_t i = 0; i < text.size();) {
    if (class_of(text[i]) == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    bool ordered = true;
    for (; end < text.size() && class_of(text[end]) != 0; ++end) ordered = ordered && class_of(text[end - 1]) <= class_of(text[end]);
    if (!ordered) {
      std::stable_sort(text.begin() + static_cast<ptrdiff_t>(i), text.begin() + static_cast<ptrdiff_t>(end),
                       [&](const CharacterChange& a, const CharacterChange& b) { return class_of(a) < class_of(b); });
    }
    i = end;
  }
}

/// The composite of two characters; 0: none.
char32_t composite(char32_t first, char32_t second) {
  if (first - kLeadingBase < kLeadingCount && second - kVowelBase < kVowelCount) {
    return kSyllableBase + ((first - kLeadingBase) * kVowelCount + (second - kVowelBase)) * kTrailingCount;
  }
  if (first - kSyllableBase < kSyllableCount && (first - kSyllableBase) % kTrailingCount == 0 && second > kTrailingBase &&
      second < kTrailingBase + kTrailingCount) {
    return first + (second - kTrailingBase);
  }
  if (second < 0x300 || !(data::flags(second) & data::kComposesWithPrevious)) return 0;
  const std::span table(data::detail::kCompositions, data::detail::kCompositionCount);
  const auto at = std::lower_bound(table.begin(), table.end(), std::tuple(first, second),
                                   [](const auto& entry, const auto& key) { return std::tuple(entry.first, entry.second) < key; });
  return at != table.end() && at->first == first && at->second == second ? at->composed : 0;
}

/// Composes in place. A mark joins the last starter unless a mark of its class or a higher
/// one stands between them; what two characters consume of the text before adds up.
void compose(Text& text) {
  constexpr size_t kNone = ~size_t{0};
  size_t out = 0, starter = kNone;
  int last_class = 0;  // of what stands between the starter and here; 0: nothing
  for (const CharacterChange next : text) {
    const int combining_class = next.character < 0x300 ? 0 : data::combining_class(next.character);
    if (starter != kNone && (last_class == 0 || last_class < combining_class)) {
      if (const char32_t composed = composite(text[starter].character, next.character)) {
        text[starter] = {composed, text[starter].change + next.change - 1};
        continue;
      }
    }
    if (combining_class == 0) {
      starter = out;
      last_class = 0;
    } else {
      last_class = combining_class;
    }
    text[out++] = next;
  }
  text.resize(out);
}

/// A starter that NFC keeps and that never joins what is before it: what is before and after such a character's beginning
/// is normalised separately.
bool stays_alone(char32_t c) {
  if (data::combining_class(c) != 0 || (data::flags(c) & data::kComposesWithPrevious)) return false;
  if (c - kVowelBase < kVowelCount || c - kTrailingBase < kTrailingCount) return false;
  if (c < 0xC0 || c - kSyllableBase < kSyllableCount || data::canonical_decomposition(c).empty()) return true;
  Text text;
  append_decomposed(c, false, text);
  Text full;
  for (const CharacterChange& part : text) append_decomposed(part.character, false, full);
  order_marks(full);
  compose(full);
  return full.size() == 1 && full[0].character == c;
}

/// stays_alone of the basic plane, by bits.
const std::vector<uint64_t>& alone_in_basic_plane() {
  static const std::vector<uint64_t> bits = [] {
    std::vector<uint64_t> made(0x10000 / 64);
    for (char32_t c = 0; c < 0x10000; ++c) {
      if (c < 0xD800 || c >= 0xE000) made[c / 64] |= uint64_t{stays_alone(c)} << (c % 64);
    }
    return made;
  }();
  return bits;
}

}  // namespace

std::vector<CharacterChange> normalized(std::string_view text, NormalForm form) {
  Text out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    uint32_t length;
    append_decomposed(utf8::decode(text.data() + at, length), is_compatible(form), out);
    at += length;
  }
  order_marks(out);
  if (composes(form)) compose(out);
  return out;
}

bool is_plainly_normal(std::string_view text, NormalForm form) {
  // Below these lead bytes lie U+0300, U+00C0 and U+0080.
  const uint8_t limit = form == NormalForm::Nfc ? 0xCC : form == NormalForm::Nfd ? 0xC3 : 0x80;
  return std::all_of(text.begin(), text.end(), [limit](char byte) {
    const auto value = static_cast<uint8_t>(byte);
    return value < limit;  // continuation bytes are below the limits of NFC and NFD
  });
}

namespace {

/// Whether a byte begins characters of which some may not stay alone. Below 0xCC lies U+0300; and all of the characters stay
/// alone that these begin: Cyrillic's first 128 and those from U+4000 to U+9FFF.
bool is_doubtful(uint8_t byte) { return byte >= 0xCC && (byte & 0xFE) != 0xD0 && !(byte >= 0xE4 && byte <= 0xE9); }

/// The first byte from `from` on that is doubtful.
size_t next_doubtful(std::string_view text, size_t from) {
  size_t at = from;
#if defined(__SSE2__)
  const auto all = [](int byte) { return _mm_set1_epi8(static_cast<char>(byte)); };
  for (; at + 16 <= text.size(); at += 16) {
    // As signed numbers: ASCII is above zero, what leads characters is above continuation bytes.
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i leads = _mm_and_si128(_mm_cmpgt_epi8(bytes, all(0xCB)), _mm_cmplt_epi8(bytes, _mm_setzero_si128()));
    const __m128i cyrillic = _mm_cmpeq_epi8(_mm_and_si128(bytes, all(0xFE)), all(0xD0));
    const __m128i han = _mm_and_si128(_mm_cmpgt_epi8(bytes, all(0xE3)), _mm_cmplt_epi8(bytes, all(0xEA)));
    const auto doubtful = static_cast<uint32_t>(_mm_movemask_epi8(_mm_andnot_si128(_mm_or_si128(cyrillic, han), leads)));
    if (doubtful) return at + static_cast<size_t>(std::countr_zero(doubtful));
  }
#endif
  while (at < text.size() && !is_doubtful(static_cast<uint8_t>(text[at]))) ++at;
  return at;
}

/// The next stretch of a text from `from` on that has to be normalised to see what NFC makes of it: a character
/// that stays alone and those after it that may not. Empty, at the text's end, if there is none.
std::string_view next_unsure(std::string_view text, size_t from) {
  const uint64_t* alone = nullptr;  // made for the first text that needs it
  const auto is_alone = [&](char32_t c) {
    if (!alone) alone = alone_in_basic_plane().data();
    return c < 0x10000 ? (alone[c / 64] >> (c % 64) & 1) != 0 : stays_alone(c);
  };
  const char* const data = text.data();
  for (size_t at = next_doubtful(text, from), length = 0; at < text.size(); at = next_doubtful(text, at + length)) {
    uint32_t bytes;
    const bool alone_here = is_alone(utf8::decode(data + at, bytes));
    length = bytes;
    if (alone_here) continue;
    size_t end = at + length, before = at;
    while (end < text.size() && !is_alone(utf8::decode(data + end, bytes))) end += bytes;
    // The character before it, too.
    if (before > from) --before;
    while (before > from && utf8::is_continuation(data[before])) --before;
    return text.substr(before, end - before);
  }
  return text.substr(text.size());
}

void append_nfc(std::string_view part, std::string& out) {
  for (const CharacterChange& c : normalized(part, NormalForm::Nfc)) utf8::append(out, c.character);
}

}  // namespace

void make_nfc_tables() { alone_in_basic_plane(); }

bool is_nfc(std::string_view text) {
  std::string same;
  for (size_t at = 0; at < text.size();) {
    const std::string_view part = next_unsure(text, at);
    same.clear();
    append_nfc(part, same);
    if (same != part) return false;
    at = static_cast<size_t>(part.data() + part.size() - text.data());
  }
  return true;
}

std::string nfc(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const std::string_view part = next_unsure(text, at);
    const auto begin = static_cast<size_t>(part.data() - text.data());
    out += text.substr(at, begin - at);
    append_nfc(part, out);
    at = begin + part.size();
  }
  return out;
}

}  // namespace headrace::text
