#include "text/components/normalizers/charsmap.h"

#include <algorithm>

#include "text/strings/grapheme.h"
#include "text/strings/growth.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

// A unit of the double array: bits 0–7 the byte that leads here (with bit 31 clear), bit 8
// whether a value hangs below, bits 10–30 the way to the children, eight bits further left
// if bit 9 is set. A unit with bit 31 set is a value, in the other 31 bits.
uint32_t label(uint32_t unit) { return unit & (uint32_t{1} << 31 | 0xFF); }
bool has_value(uint32_t unit) { return unit >> 8 & 1; }
uint32_t offset(uint32_t unit) { return (unit >> 10) << (unit & uint32_t{1} << 9 ? 8 : 0); }
uint32_t value(uint32_t unit) { return unit & 0x7FFFFFFF; }

uint32_t read_u32(std::string_view bytes) {
  uint32_t number = 0;
  for (size_t i = 4; i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

std::unexpected<Error> broken(const char* what) {
  return fail(ErrorKind::InvalidData, std::string("Cannot parse precompiled_charsmap: ") + what);
}

template <class Visit>
Result<void> visit_characters(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    const uint32_t length = utf8::length_by_lead(text[at]);
    HR_CHECK(visit(text.substr(at, length)));
    at += length;
  }
  return {};
}

char32_t first_character(std::string_view text) {
  uint32_t length;
  return utf8::decode(text.data(), length);
}

/// The characters of the new text, with the reference's account of what they stand for.
class Rewriting {
 public:
  void keep(std::string_view character) { characters_.push_back({first_character(character), 0}); }

  Result<void> replace(const NormalizedString& text, std::string_view old_part, std::string_view new_part) {
    const auto count = [](std::string_view text) { return std::ranges::count_if(text, [](char c) { return !utf8::is_continuation(c); }); };
    const auto more = static_cast<int32_t>(count(new_part) - count(old_part));
    for (size_t at = 0; at < new_part.size(); at += utf8::length_by_lead(new_part[at])) keep(new_part.substr(at));
    modified_ = true;
    HR_CHECK(check_text_growth(text.original().size(), characters_.size()));
    if (more > 0) {
      for (size_t i = characters_.size() - static_cast<size_t>(more); i < characters_.size(); ++i) characters_[i].change = 1;
    } else if (more < 0 && !characters_.empty()) {
      characters_.back().change += more;  // of an empty part, the character before it swallows the old one
    }
    return {};
  }

  void apply(NormalizedString& text) const {
    if (modified_) text.transform(characters_);
  }

 private:
  std::vector<CharacterChange> characters_;
  bool modified_ = false;
};

}  // namespace

Result<Charsmap> Charsmap::parse(std::string_view bytes) {
  if (bytes.size() < 4) return broken("it is shorter than its header");
  const uint32_t count = read_u32(bytes) / 4;
  bytes.remove_prefix(4);
  if (bytes.size() / 4 < count) return broken("its trie is longer than all of it");
  Charsmap map;
  map.units_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) map.units_.push_back(read_u32(bytes.substr(size_t{4} * i)));
  map.replacements_ = bytes.substr(size_t{4} * count);
  if (utf8::valid_prefix(map.replacements_) != map.replacements_.size()) return broken("its replacements are not UTF-8");
  return map;
}

Result<uint32_t> Charsmap::unit(uint32_t at) const {
  if (at >= units_.size()) return broken("its trie leads out of itself");
  return units_[at];
}

Result<std::string_view> Charsmap::replacement_at(uint32_t place) const {
  if (place > replacements_.size() || (place < replacements_.size() && utf8::is_continuation(replacements_[place]))) {
    return broken("a value of its trie is no place of a replacement");
  }
  const std::string_view rest = std::string_view(replacements_).substr(place);
  return rest.substr(0, rest.find('\0'));
}

Result<std::optional<std::string_view>> Charsmap::replacement(std::string_view text) const {
  HR_TRY(uint32_t here, unit(0));
  uint32_t at = offset(here);
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte == 0) break;
    at ^= byte;
    HR_TRY(here, unit(at));
    if (label(here) != byte) break;
    at ^= offset(here);
    if (has_value(here)) {
      HR_TRY(const uint32_t leaf, unit(at));
      HR_TRY(const std::string_view found, replacement_at(value(leaf)));
      return found;
    }
  }
  return std::nullopt;
}

Result<std::optional<Charsmap::Match>> Charsmap::longest(std::string_view text) const {
  std::optional<Match> match;
  if (units_.empty()) return match;
  HR_TRY(uint32_t here, unit(0));
  uint32_t at = offset(here);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    at ^= byte;
    if (byte == 0 || at >= units_.size()) break;
    here = units_[at];
    if (label(here) != byte) break;
    at ^= offset(here);
    if (!has_value(here) || (i + 1 < text.size() && utf8::is_continuation(text[i + 1]))) continue;
    HR_TRY(const uint32_t leaf, unit(at));
    HR_TRY(const std::string_view found, replacement_at(value(leaf)));
    match = Match{i + 1, found};
  }
  return match;
}

Result<void> Charsmap::normalize_longest(NormalizedString& text) const {
  const std::string_view all = text.normalized();
  Rewriting rewriting;
  for (size_t at = 0; at < all.size();) {
    const std::string_view rest = all.substr(at);
    HR_TRY(const auto match, longest(rest));
    if (match) {
      HR_CHECK(rewriting.replace(text, rest.substr(0, match->length), match->replacement));
      at += match->length;
    } else {
      rewriting.keep(rest);
      at += utf8::length_by_lead(rest[0]);
    }
  }
  rewriting.apply(text);
  return {};
}

Result<void> Charsmap::normalize(NormalizedString& text) const {
  constexpr size_t kLongestCluster = 5;
  const std::string_view all = text.normalized();
  Rewriting rewriting;
  for (size_t at = 0; at < all.size();) {
    const size_t end = cluster_end(all, at);
    const std::string_view cluster = all.substr(at, end - at);
    at = end;
    if (cluster.size() <= kLongestCluster) {
      HR_TRY(const auto found, replacement(cluster));
      if (found) {
        HR_CHECK(rewriting.replace(text, cluster, *found));
        continue;
      }
    }
    HR_CHECK(visit_characters(cluster, [&](std::string_view character) -> Result<void> {
      HR_TRY(const auto found, replacement(character));
      if (found) {
        HR_CHECK(rewriting.replace(text, character, *found));
      } else {
        rewriting.keep(character);
      }
      return {};
    }));
  }
  rewriting.apply(text);
  return {};
}

}  // namespace headrace::text
