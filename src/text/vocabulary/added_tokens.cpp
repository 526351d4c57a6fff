#include "text/vocabulary/added_tokens.h"

#include <algorithm>
#include <cstring>

#include "text/unicode/utf8.h"

namespace headrace::text {

AddedTokens::AddedTokens(const Vocabulary& vocabulary) : vocabulary_(&vocabulary) {
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.is_added(id)) continue;
    const std::string_view spelling = vocabulary.spelling(id);
    // Of equal spellings the one that a look-up finds; broken UTF-8 never matches,
    // so that the text is only cut between characters.
    if (spelling.empty() || vocabulary.find(spelling) != id) continue;
    if (utf8::valid_prefix(spelling) != spelling.size()) continue;
    sorted_.push_back(id);
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [&](TokenId a, TokenId b) { return vocabulary.spelling(a) < vocabulary.spelling(b); });
  uint32_t at = 0;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    first_of_byte_[byte] = at;
    while (at < sorted_.size() && static_cast<uint8_t>(vocabulary.spelling(sorted_[at])[0]) == byte) ++at;
  }
  first_of_byte_[256] = at;
  for (uint32_t byte = 0; byte < 256; ++byte) begins_[byte] = first_of_byte_[byte] != first_of_byte_[byte + 1];
  if (std::count(begins_.begin(), begins_.end(), 1) == 1) {
    only_byte_ = static_cast<uint8_t>(std::find(begins_.begin(), begins_.end(), 1) - begins_.begin());
  }
}

AddedTokens::Match AddedTokens::longest_at(std::string_view text, size_t at) const {
  // The tokens that agree with the text so far are a range of the sorted list,
  // narrowed by one byte at a time; the shortest of them comes first.
  const auto byte = static_cast<uint8_t>(text[at]);
  auto low = sorted_.begin() + first_of_byte_[byte];
  auto high = sorted_.begin() + first_of_byte_[byte + 1u];
  Match match;
  for (size_t depth = 1; low != high; ++depth) {
    const std::string_view shortest = vocabulary_->spelling(*low);
    if (shortest.size() == depth) {
      match = {*low, at, at + depth, true};
      ++low;
    }
    if (at + depth >= text.size()) break;
    const auto wanted = static_cast<uint8_t>(text[at + depth]);
    const auto byte_of = [&](TokenId id) { return static_cast<uint8_t>(vocabulary_->spelling(id)[depth]); };
    low = std::lower_bound(low, high, wanted, [&](TokenId id, uint8_t value) { return byte_of(id) < value; });
    high = std::upper_bound(low, high, wanted, [&](uint8_t value, TokenId id) { return value < byte_of(id); });
  }
  return match;
}

size_t AddedTokens::next_candidate(std::string_view text, size_t at) const {
  if (only_byte_) {
    const void* found = at < text.size() ? std::memchr(text.data() + at, *only_byte_, text.size() - at) : nullptr;
    return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : text.size();
  }
  const auto begins = [&](size_t i) { return begins_[static_cast<uint8_t>(text[i])]; };
  while (at + 4 <= text.size() && !(begins(at) | begins(at + 1) | begins(at + 2) | begins(at + 3))) at += 4;
  while (at < text.size() && !begins(at)) ++at;
  return at;
}

AddedTokens::Match AddedTokens::next(std::string_view text, size_t from, bool control) const {
  if (sorted_.empty()) return {};
  for (size_t at = next_candidate(text, from); at < text.size(); at = next_candidate(text, at + 1)) {
    const Match match = longest_at(text, at);
    if (!match.found) continue;
    if (control || !vocabulary_->is_special(match.id)) return match;
    at = match.end - 1;
  }
  return {};
}

}  // namespace headrace::text
