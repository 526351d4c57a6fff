#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/bpe/merge.h"
#include "text/bpe/whole_piece_memo.h"
#include "text/vocabulary/vocabulary.h"

namespace headrace::text {

/// SentencePiece-type BPE: a text's characters are its first tokens, and neighbours
/// join wherever the vocabulary has their concatenation, the highest score first;
/// of equal scores the one with the longer left part (in characters), then the longer
/// right part, the lower id, the leftmost. Characters outside the vocabulary become
/// byte tokens, or the unknown token, one for a run.
class SentencePieceBpe {
 public:
  static Result<SentencePieceBpe> build(const Vocabulary& vocabulary, const std::vector<float>& scores,
                                        std::optional<TokenId> unknown);

  /// The end of the unit that begins at `from`: no token reaches from one unit into
  /// the next, so each is encoded by itself. Words, in most vocabularies.
  size_t unit_end(std::string_view text, size_t from) const;

  /// Replaces `scratch.symbols` by the tokens of one unit. `text` has ▁ for spaces.
  void encode(std::string_view unit, MergeScratch<uint64_t>& scratch) const;

  /// Whether the entry is never joined, nor the result of joining.
  bool is_atomic(TokenId id) const { return atomic_[id]; }
  /// Whether every byte has a token, so that no text needs the unknown one.
  bool spells_every_byte() const { return std::ranges::find(byte_token_, StringIndex::kNone) == byte_token_.end(); }

 private:
  SentencePieceBpe(const Vocabulary& vocabulary);
  void find_atoms(std::optional<TokenId> unknown);
  void find_glue();
  bool add_bytes(std::string_view character, uint32_t begin, MergeScratch<uint64_t>& scratch) const;
  void add_character(std::string_view unit, uint32_t begin, uint32_t length, MergeScratch<uint64_t>& scratch) const;
  void merge(std::string_view unit, MergeScratch<uint64_t>& scratch) const;
  Merge<uint64_t> merge_of(std::string_view unit, const Symbol& left, const Symbol& right) const;

  const Vocabulary* vocabulary_;
  std::vector<uint32_t> score_order_;  // by id: lower joins first
  std::vector<bool> atomic_;           // by id: never joined nor the result of joining
  std::array<uint32_t, 128> ascii_token_{};
  std::array<uint32_t, 256> byte_token_{};
  uint32_t unknown_;
  bool has_space_ = false;             // ▁ itself is a token
  std::vector<char32_t> glue_;         // characters after which some token has ▁, sorted
  size_t longest_ = 0;                 // bytes of the longest token
  WholePieceMemo memo_;
};

}  // namespace headrace::text
