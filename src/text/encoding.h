#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace headrace::text {

/// Which end of a sequence padding is put at, or truncation takes from.
enum class Side : uint8_t { Left, Right };

/// A text as a model reads it, and how each token belongs to the text. All vectors have
/// one entry a token. Offsets are bytes or characters as the caller of the encode asked.
struct Encoding {
  static constexpr uint32_t kNoWord = ~uint32_t{0};

  std::vector<TokenId> ids;
  std::vector<uint32_t> type_ids;
  std::vector<std::string> tokens;
  std::vector<uint32_t> words;  ///< index of the word within its sequence, or kNoWord
  std::vector<Offset> offsets;
  std::vector<uint32_t> special_tokens_mask;
  std::vector<uint32_t> attention_mask;
  std::vector<Encoding> overflowing;
  /// Sequence → its tokens [begin, end); empty means one sequence, all tokens.
  std::map<uint32_t, Offset> sequence_ranges;

  size_t size() const { return ids.size(); }
  bool operator==(const Encoding&) const = default;

  uint32_t n_sequences() const;
  void set_sequence_id(uint32_t sequence);
  void set_type_ids(uint32_t type_id);
  /// For each token its sequence; none for special tokens.
  std::vector<std::optional<uint32_t>> sequence_ids() const;
  Offset sequence_range(uint32_t sequence) const;

  std::optional<uint32_t> token_to_sequence(size_t token) const;
  std::optional<std::pair<uint32_t, Offset>> token_to_chars(size_t token) const;
  std::optional<std::pair<uint32_t, uint32_t>> token_to_word(size_t token) const;
  std::optional<Offset> word_to_tokens(uint32_t word, uint32_t sequence) const;
  std::optional<Offset> word_to_chars(uint32_t word, uint32_t sequence) const;
  std::optional<uint32_t> char_to_token(uint32_t position, uint32_t sequence) const;
  std::optional<uint32_t> char_to_word(uint32_t position, uint32_t sequence) const;

  /// Appends the tokens of `other`; with `growing_offsets` its offsets go on from ours.
  void merge_with(Encoding other, bool growing_offsets);
  static Encoding merge(std::vector<Encoding> encodings, bool growing_offsets);
  /// Cuts to `max_length` tokens; what is cut off becomes `overflowing` windows that
  /// share `stride` tokens. InvalidArgument unless stride < max_length (0 is allowed).
  Result<void> truncate(size_t max_length, size_t stride, Side direction);
  void pad(size_t length, TokenId pad_id, uint32_t pad_type_id, const std::string& pad_token, Side direction);
};

}  // namespace headrace::text
