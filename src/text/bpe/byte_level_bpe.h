#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/bpe/merge.h"
#include "text/bpe/pair_table.h"
#include "text/bpe/whole_piece_memo.h"
#include "text/vocabulary/vocabulary.h"

namespace headrace::text {

/// Byte-level BPE: a piece's bytes are its first tokens, and neighbours join in the
/// order of the merge list. Immutable; any number of threads, each with its own scratch.
class ByteLevelBpe {
 public:
  /// `bytes` are the bytes of each entry of `vocabulary` (see TokenBytes). InvalidData
  /// names a merge whose parts or result are not in the vocabulary.
  static Result<ByteLevelBpe> build(const Vocabulary& vocabulary, const StringArena& bytes,
                                    const std::vector<std::string>& merges, bool ignore_merges);

  /// Replaces `scratch.symbols` by the tokens of one piece. Bytes that have no token
  /// in the vocabulary are left out.
  void encode(std::string_view piece, MergeScratch<uint32_t>& scratch) const;

 private:
  ByteLevelBpe(const Vocabulary& vocabulary, const StringArena& bytes, bool ignore_merges);
  Result<void> add_merges(const std::vector<std::string>& merges);
  void merge(std::string_view piece, MergeScratch<uint32_t>& scratch) const;

  const Vocabulary* vocabulary_;
  const StringArena* bytes_;
  StringIndex by_bytes_;
  std::array<uint32_t, 256> byte_token_{};
  PairTable merges_;
  WholePieceMemo memo_;
  bool ignore_merges_;
};

}  // namespace headrace::text
