#include "text/encoding.h"

#include <algorithm>

#include "text/strings/growth.h"

namespace headrace::text {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& more) {
  if (to.empty()) {
    to = std::move(more);
  } else {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
}

template <class T>
std::vector<T> part(const std::vector<T>& of, Offset range) {
  // Callers may leave vectors out (an Encoding of ids alone); such a vector stays empty.
  if (of.size() < range.end) return {};
  return std::vector<T>(of.begin() + range.begin, of.begin() + range.end);
}

template <class T>
void pad_vector(std::vector<T>& values, size_t count, const T& value, Side side) {
  values.insert(side == Side::Left ? values.begin() : values.end(), count, value);
}

/// Where the windows of a truncated encoding lie, the one that is kept first.
std::vector<Offset> windows(uint32_t size, uint32_t max_length, uint32_t stride, Side direction) {
  const uint32_t step = max_length - stride;
  std::vector<Offset> found;
  if (direction == Side::Right) {
    for (uint32_t begin = 0; begin < size; begin += step) {
      found.push_back({begin, std::min(begin + max_length, size)});
      if (found.back().end == size) break;
    }
    return found;
  }
  for (uint32_t end = size; end > 0; end -= std::min(end, step)) {
    found.push_back({end < max_length ? 0 : end - max_length, end});
    if (found.back().begin == 0) break;
  }
  return found;
}

Encoding window(const Encoding& from, Offset range) {
  Encoding cut;
  cut.ids = part(from.ids, range);
  cut.type_ids = part(from.type_ids, range);
  cut.tokens = part(from.tokens, range);
  cut.words = part(from.words, range);
  cut.offsets = part(from.offsets, range);
  cut.special_tokens_mask = part(from.special_tokens_mask, range);
  cut.attention_mask = part(from.attention_mask, range);
  return cut;
}

}  // namespace

uint32_t Encoding::n_sequences() const {
  return sequence_ranges.empty() ? 1 : static_cast<uint32_t>(sequence_ranges.size());
}

void Encoding::set_sequence_id(uint32_t sequence) { sequence_ranges[sequence] = {0, static_cast<uint32_t>(size())}; }

void Encoding::set_type_ids(uint32_t type_id) { type_ids.assign(size(), type_id); }

std::vector<std::optional<uint32_t>> Encoding::sequence_ids() const {
  std::vector<std::optional<uint32_t>> sequences(size());
  for (uint32_t sequence = 0; sequence < n_sequences(); ++sequence) {
    const Offset range = sequence_range(sequence);
    for (uint32_t token = range.begin; token < range.end && token < size(); ++token) sequences[token] = sequence;
  }
  return sequences;
}

Offset Encoding::sequence_range(uint32_t sequence) const {
  const auto found = sequence_ranges.find(sequence);
  return found != sequence_ranges.end() ? found->second : Offset{0, static_cast<uint32_t>(size())};
}

std::optional<uint32_t> Encoding::token_to_sequence(size_t token) const {
  if (token > size()) return std::nullopt;
  if (sequence_ranges.empty()) return 0;
  for (const auto& [sequence, range] : sequence_ranges) {
    if (token >= range.begin && token < range.end) return sequence;
  }
  return std::nullopt;
}

std::optional<std::pair<uint32_t, Offset>> Encoding::token_to_chars(size_t token) const {
  const auto sequence = token_to_sequence(token);
  if (!sequence || token >= offsets.size()) return std::nullopt;
  return std::pair(*sequence, offsets[token]);
}

std::optional<std::pair<uint32_t, uint32_t>> Encoding::token_to_word(size_t token) const {
  const auto sequence = token_to_sequence(token);
  if (!sequence || token >= words.size() || words[token] == kNoWord) return std::nullopt;
  return std::pair(*sequence, words[token]);
}

std::optional<Offset> Encoding::word_to_tokens(uint32_t word, uint32_t sequence) const {
  const Offset range = sequence_range(sequence);
  if (range.end > words.size()) return std::nullopt;
  std::optional<Offset> found;
  for (uint32_t token = range.begin; token < range.end; ++token) {
    // Words count upwards within a sequence, and a token without one ranks below all of them.
    if (words[token] != kNoWord && words[token] > word) break;
    if (words[token] != word) continue;
    found = Offset{found ? found->begin : token, token + 1};
  }
  return found;
}

std::optional<Offset> Encoding::word_to_chars(uint32_t word, uint32_t sequence) const {
  const auto tokens_of_word = word_to_tokens(word, sequence);
  if (!tokens_of_word || tokens_of_word->end > offsets.size()) return std::nullopt;
  return Offset{offsets[tokens_of_word->begin].begin, offsets[tokens_of_word->end - 1].end};
}

std::optional<uint32_t> Encoding::char_to_token(uint32_t position, uint32_t sequence) const {
  const Offset range = sequence_range(sequence);
  if (range.end > offsets.size()) return std::nullopt;
  for (uint32_t token = range.begin; token < range.end; ++token) {
    if (position >= offsets[token].begin && position < offsets[token].end) return token;
  }
  return std::nullopt;
}

std::optional<uint32_t> Encoding::char_to_word(uint32_t position, uint32_t sequence) const {
  const auto token = char_to_token(position, sequence);
  if (!token) return std::nullopt;
  const auto word = token_to_word(*token);
  return word ? std::optional(word->second) : std::nullopt;
}

void Encoding::merge_with(Encoding other, bool growing_offsets) {
  // Every window of ours with the other and each of its windows, then ourselves with each of its windows.
  std::vector<Encoding> combined;
  for (const Encoding& ours : overflowing) {
    combined.push_back(ours);
    combined.back().merge_with(other, growing_offsets);
    for (const Encoding& theirs : other.overflowing) {
      combined.push_back(ours);
      combined.back().merge_with(theirs, growing_offsets);
    }
  }
  for (const Encoding& theirs : other.overflowing) {
    combined.push_back(*this);
    combined.back().merge_with(theirs, growing_offsets);
  }

  const auto first = static_cast<uint32_t>(size());
  for (const auto& [sequence, range] : other.sequence_ranges) {
    sequence_ranges[sequence] = {first + range.begin, first + range.end};
  }
  const uint32_t shift = growing_offsets && !offsets.empty() ? offsets.back().end : 0;
  for (Offset& offset : other.offsets) offset = {offset.begin + shift, offset.end + shift};
  append(ids, std::move(other.ids));
  append(type_ids, std::move(other.type_ids));
  append(tokens, std::move(other.tokens));
  append(words, std::move(other.words));
  append(offsets, std::move(other.offsets));
  append(special_tokens_mask, std::move(other.special_tokens_mask));
  append(attention_mask, std::move(other.attention_mask));
  overflowing = std::move(combined);
}

Encoding Encoding::merge(std::vector<Encoding> encodings, bool growing_offsets) {
  Encoding merged;
  for (Encoding& encoding : encodings) merged.merge_with(std::move(encoding), growing_offsets);
  return merged;
}

Result<void> Encoding::truncate(size_t max_length, size_t stride, Side direction) {
  if (max_length >= size()) return {};
  if (max_length == 0) {
    Encoding all = std::move(*this);
    *this = Encoding();
    overflowing.push_back(std::move(all));
    return {};
  }
  if (stride >= max_length) {
    return fail(ErrorKind::InvalidArgument, "`stride` must be strictly less than `max_len=" + std::to_string(max_length) +
                                                "` (note that `max_len` may be shorter than the max length of the original model, "
                                                "as it subtracts the number of special characters");
  }
  const auto ranges =
      windows(static_cast<uint32_t>(size()), static_cast<uint32_t>(max_length), static_cast<uint32_t>(stride), direction);
  HR_CHECK(check_encoding_growth(size(), ranges.size(), max_length));
  Encoding kept = window(*this, ranges.front());
  for (size_t i = 1; i < ranges.size(); ++i) kept.overflowing.push_back(window(*this, ranges[i]));
  *this = std::move(kept);
  return {};
}

void Encoding::pad(size_t length, TokenId pad_id, uint32_t pad_type_id, const std::string& pad_token, Side direction) {
  for (Encoding& more : overflowing) more.pad(length, pad_id, pad_type_id, pad_token, direction);
  if (size() >= length) return;
  const size_t count = length - size();
  pad_vector(ids, count, pad_id, direction);
  pad_vector(type_ids, count, pad_type_id, direction);
  pad_vector(tokens, count, pad_token, direction);
  pad_vector(words, count, kNoWord, direction);
  pad_vector(attention_mask, count, uint32_t{0}, direction);
  pad_vector(special_tokens_mask, count, uint32_t{1}, direction);
  pad_vector(offsets, count, Offset{0, 0}, direction);
  if (direction == Side::Right) return;
  for (auto& [sequence, range] : sequence_ranges) {
    range = {range.begin + static_cast<uint32_t>(count), range.end + static_cast<uint32_t>(count)};
  }
}

}  // namespace headrace::text
