#include "text/normalized_string.h"

#include <algorithm>

#include "text/unicode/utf8.h"
#include "text/unicode/utf8_append.h"

namespace headrace::text {
namespace {

bool is_boundary(const std::string& text, size_t at) {
  return at == 0 || at == text.size() || (at < text.size() && !utf8::is_continuation(text[at]));
}

/// Bytes of a text, or nothing where the range lies outside or cuts a character.
std::string part_of(const std::string& text, Offset range) {
  if (range.begin > range.end || !is_boundary(text, range.begin) || !is_boundary(text, range.end)) return {};
  return text.substr(range.begin, range.end - range.begin);
}

uint32_t size_of(const std::string& text) { return static_cast<uint32_t>(text.size()); }

/// Reads the characters of a text that an edit consumes.
class Consumed {
 public:
  Consumed(std::string_view text, Offset range) : text_(text), at_(range.begin), end_(range.end) {}
  size_t at() const { return at_; }
  void skip(size_t characters) {
    for (; characters > 0 && at_ < end_; --characters) at_ += utf8::length_by_lead(text_[at_]);
  }

 private:
  std::string_view text_;
  size_t at_, end_;
};

}  // namespace

NormalizedString::NormalizedString(std::string original) : original_(std::move(original)), normalized_(original_) {
  alignments_.reserve(original_.size());
  for (uint32_t at = 0; at < original_.size();) {
    const uint32_t end = at + utf8::length_by_lead(original_[at]);
    alignments_.insert(alignments_.end(), end - at, Offset{at, end});
    at = end;
  }
}

std::optional<Offset> NormalizedString::to_original(Offset normalized) const {
  if (normalized.begin == normalized.end) return normalized;
  if (normalized.begin > normalized.end || normalized.end > alignments_.size()) return std::nullopt;
  return Offset{alignments_[normalized.begin].begin, alignments_[normalized.end - 1].end};
}

std::optional<Offset> NormalizedString::to_normalized(Offset original) const {
  if (original.begin == original.end) return original;
  if (original.begin > original.end) return std::nullopt;
  std::optional<uint32_t> begin;
  uint32_t end = 0;
  for (; end < alignments_.size() && alignments_[end].end <= original.end; ++end) {
    const Offset& from = alignments_[end];
    // What was inserted before everything comes from no character: it begins nothing.
    if (!begin && original.begin <= from.begin && from.begin != from.end) begin = end;
  }
  if (end == 0) return std::nullopt;
  return Offset{begin.value_or(end), end};
}

Offset NormalizedString::original_offsets() const { return {original_begin_, original_begin_ + size_of(original_)}; }

bool NormalizedString::splice(Offset range, std::span<const CharacterChange> characters, size_t removed_at_begin, bool strict) {
  const Offset nowhere{0, 0};
  std::string text;
  std::vector<Offset> alignments;
  text.reserve(characters.size());
  alignments.reserve(characters.size());
  Consumed consumed(normalized_, range);
  consumed.skip(removed_at_begin);
  // Where the reference looks alignments up; it goes on beyond the range when a caller
  // says that more characters were replaced than there are.
  for (const CharacterChange& next : characters) {
    const size_t at = consumed.at();
    Offset from = nowhere;
    if (next.change > 0) {
      if (at > 0) from = alignments_[at - 1];  // an inserted character belongs to the one before it
    } else if (at < alignments_.size()) {
      from = alignments_[at];
    } else if (strict) {
      return false;
    } else if (!alignments_.empty()) {
      from = alignments_.back();
    }
    if (next.change <= 0) consumed.skip(size_t{1} + static_cast<size_t>(-static_cast<int64_t>(next.change)));
    utf8::append(text, next.character);
    alignments.resize(text.size(), from);
  }
  if (range.begin == 0 && range.end == normalized_.size()) {
    normalized_ = std::move(text);
    alignments_ = std::move(alignments);
    return true;
  }
  normalized_.replace(range.begin, range.end - range.begin, text);
  const auto first = alignments_.begin() + range.begin;
  const auto kept = std::min<size_t>(alignments.size(), range.end - range.begin);
  std::copy_n(alignments.begin(), kept, first);
  if (kept == alignments.size()) {
    alignments_.erase(first + static_cast<ptrdiff_t>(kept), alignments_.begin() + range.end);
  } else {
    alignments_.insert(first + static_cast<ptrdiff_t>(kept), alignments.begin() + static_cast<ptrdiff_t>(kept), alignments.end());
  }
  return true;
}

void NormalizedString::transform(std::span<const CharacterChange> characters, size_t removed_at_begin) {
  const auto range = to_normalized({0, size_of(original_)});
  if (!range) return;
  // Characters that come from nothing, at the very beginning, are outside the range that
  // the reference edits; where it would stop at that (it reads beyond the text's end),
  // all of the text is edited.
  if (splice(*range, characters, removed_at_begin, true)) return;
  splice({0, size_of(normalized_)}, characters, removed_at_begin, false);
}

void NormalizedString::transform_range(Offset range, std::span<const CharacterChange> characters, size_t removed_at_begin) {
  if (range.begin > range.end || !is_boundary(normalized_, range.begin) || !is_boundary(normalized_, range.end)) return;
  splice(range, characters, removed_at_begin, false);
}

std::optional<NormalizedString> NormalizedString::slice(Offset normalized, Offset original) const {
  if (normalized.begin > normalized.end || normalized.end > alignments_.size()) return std::nullopt;
  NormalizedString part;
  part.original_ = part_of(original_, original);
  part.normalized_ = part_of(normalized_, normalized);
  part.alignments_.reserve(normalized.end - normalized.begin);
  const auto moved = [begin = original.begin](uint32_t at) { return at - std::min(begin, at); };
  for (uint32_t at = normalized.begin; at < normalized.end; ++at) {
    part.alignments_.push_back({moved(alignments_[at].begin), moved(alignments_[at].end)});
  }
  part.original_begin_ = original_begin_ + original.begin;
  return part;
}

std::optional<NormalizedString> NormalizedString::slice_normalized(Offset range) const {
  if (!is_boundary(normalized_, range.begin) || !is_boundary(normalized_, range.end)) return std::nullopt;
  const auto original = to_original(range);
  return original ? slice(range, *original) : std::nullopt;
}

std::optional<NormalizedString> NormalizedString::slice_original(Offset range) const {
  if (!is_boundary(original_, range.begin) || !is_boundary(original_, range.end)) return std::nullopt;
  const auto normalized = to_normalized(range);
  return normalized ? slice(*normalized, range) : std::nullopt;
}

}  // namespace headrace::text
