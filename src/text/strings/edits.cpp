// The edits of NormalizedString that say what becomes of each character.
#include <algorithm>

#include "text/normalized_string.h"
#include "text/strings/growth.h"
#include "text/strings/normal_forms.h"
#include "text/strings/reference_unicode.h"
#include "text/unicode/utf8.h"
#include "text/unicode/utf8_append.h"

namespace headrace::text {
namespace {

template <class Visit>
void visit_characters(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    uint32_t length;
    visit(utf8::decode(text.data() + at, length));
    at += length;
  }
}

size_t last_character(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && utf8::is_continuation(text[at])) --at;
  return at;
}

void append_mapped(std::vector<CharacterChange>& out, char32_t c, std::span<const char32_t> mapping) {
  if (mapping.empty()) {
    out.push_back({c, 0});
    return;
  }
  for (size_t i = 0; i < mapping.size(); ++i) out.push_back({mapping[i], i > 0});
}

/// How many characters of white space a text begins with, and how many it ends with.
size_t leading_white_space(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) {
    uint32_t length;
    if (!reference_unicode::is_white_space(utf8::decode(text.data() + at, length))) break;
    at += length;
  }
  return count;
}

size_t trailing_white_space(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) {
    const size_t at = last_character(text);
    uint32_t length;
    if (!reference_unicode::is_white_space(utf8::decode(text.data() + at, length))) break;
    text = text.substr(0, at);
  }
  return count;
}

/// Collects characters, some of which are left out.
class Filtered {
 public:
  void keep(char32_t character) { kept_.push_back({character, 0}); }
  void leave_out() {
    if (kept_.empty()) {
      ++removed_at_begin_;
    } else {
      --kept_.back().change;
    }
  }
  void apply(NormalizedString& text) const { text.transform(kept_, removed_at_begin_); }

 private:
  std::vector<CharacterChange> kept_;
  size_t removed_at_begin_ = 0;
};

void normalize(NormalizedString& text, NormalForm form) {
  if (!is_plainly_normal(text.normalized(), form)) text.transform(normalized(text.normalized(), form));
}

}  // namespace

void NormalizedString::nfc() { normalize(*this, NormalForm::Nfc); }
void NormalizedString::nfd() { normalize(*this, NormalForm::Nfd); }
void NormalizedString::nfkc() { normalize(*this, NormalForm::Nfkc); }
void NormalizedString::nfkd() { normalize(*this, NormalForm::Nfkd); }

void NormalizedString::filter(const std::function<bool(char32_t)>& keep) {
  Filtered filtered;
  bool changed = false;
  visit_characters(normalized_, [&](char32_t c) {
    if (keep(c)) {
      filtered.keep(c);
    } else {
      filtered.leave_out();
      changed = true;
    }
  });
  if (changed) filtered.apply(*this);
}

void NormalizedString::map(const std::function<char32_t(char32_t)>& f) {
  std::vector<CharacterChange> mapped;
  mapped.reserve(normalized_.size());
  visit_characters(normalized_, [&](char32_t c) { mapped.push_back({f(c), 0}); });
  transform(mapped);
}

void NormalizedString::for_each(const std::function<void(char32_t)>& f) const {
  visit_characters(normalized_, [&](char32_t c) { f(c); });
}

void NormalizedString::lowercase() {
  std::vector<CharacterChange> mapped;
  mapped.reserve(normalized_.size());
  visit_characters(normalized_, [&](char32_t c) { append_mapped(mapped, c, reference_unicode::lowercase(c)); });
  transform(mapped);
}

void NormalizedString::uppercase() {
  std::vector<CharacterChange> mapped;
  mapped.reserve(normalized_.size());
  visit_characters(normalized_, [&](char32_t c) { append_mapped(mapped, c, reference_unicode::uppercase(c)); });
  transform(mapped);
}

void NormalizedString::prepend(std::string_view text) {
  if (normalized_.empty()) return;
  uint32_t length;
  const char32_t first = utf8::decode(normalized_.data(), length);
  std::vector<CharacterChange> characters;
  visit_characters(text, [&](char32_t c) { characters.push_back({c, !characters.empty()}); });
  characters.push_back({first, 1});
  splice({0, length}, characters, 0, false);
}

void NormalizedString::append(std::string_view text) {
  std::vector<CharacterChange> characters;
  size_t last = 0;
  if (!normalized_.empty()) {
    uint32_t length;
    last = last_character(normalized_);
    characters.push_back({utf8::decode(normalized_.data() + last, length), 0});
  }
  visit_characters(text, [&](char32_t c) { characters.push_back({c, 1}); });
  splice({static_cast<uint32_t>(last), static_cast<uint32_t>(normalized_.size())}, characters, 0, false);
}

void NormalizedString::strip(bool left, bool right) {
  const size_t leading = left ? leading_white_space(normalized_) : 0;
  const size_t trailing = right ? trailing_white_space(normalized_) : 0;
  if (leading == 0 && trailing == 0) return;
  size_t count = 0;
  visit_characters(normalized_, [&](char32_t) { ++count; });
  Filtered filtered;
  size_t i = 0;
  visit_characters(normalized_, [&](char32_t c) {
    if (i < leading || i + trailing >= count) {
      filtered.leave_out();
    } else {
      filtered.keep(c);
    }
    ++i;
  });
  filtered.apply(*this);
}

size_t NormalizedString::clear() {
  const size_t length = normalized_.size();
  transform({}, length);
  return length;
}

Result<void> NormalizedString::replace(const Finder& finder, std::string_view content) {
  HR_TRY(const std::vector<Match> matches, finder(normalized_));
  size_t size = 0;
  for (const Match& match : matches) size += match.matched ? content.size() : match.bytes.end - match.bytes.begin;
  HR_CHECK(check_text_growth(original_.size(), size));
  std::string text;
  std::vector<Offset> alignments;
  text.reserve(size);
  alignments.reserve(size);
  for (const Match& match : matches) {
    if (match.matched) {
      // All of the content belongs to the last character that it replaces.
      text += content;
      alignments.resize(text.size(), match.bytes.end > 0 ? alignments_[match.bytes.end - 1] : Offset{});
    } else {
      text.append(normalized_, match.bytes.begin, match.bytes.end - match.bytes.begin);
      alignments.insert(alignments.end(), alignments_.begin() + match.bytes.begin, alignments_.begin() + match.bytes.end);
    }
  }
  normalized_ = std::move(text);
  alignments_ = std::move(alignments);
  return {};
}

}  // namespace headrace::text
