#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/bpe/merge.h"
#include "text/bpe/pair_merger.h"
#include "text/bulk/barriers.h"
#include "text/vocabulary/vocabulary.h"

namespace headrace::text {

/// Byte-level BPE: a piece's bytes are its first tokens, and neighbours join in the
/// order of the merge list. Immutable; any number of threads, each with its own symbols.
class ByteLevelBpe {
 public:
  /// InvalidData names a merge whose parts or result are not in the vocabulary.
  static Result<ByteLevelBpe> build(const Vocabulary& vocabulary, const std::vector<std::string>& merges,
                                    std::shared_ptr<const Barriers> barriers);

  /// `byte_tokens`: by byte, 256 of them. Of ids below `ids`; the merges in order of rank, and the same in a merger.
  ByteLevelBpe(TableArray<uint32_t> byte_tokens, std::span<const MergeIds> merges, uint32_t ids, PairMerger merger,
               std::shared_ptr<const Barriers> barriers);

  /// Replaces `symbols` by the tokens of one piece. Bytes that have no token in the
  /// vocabulary are left out.
  void encode(std::string_view piece, std::vector<Symbol>& symbols) const;
  /// The ids of several pieces at once.
  void encode_each(std::span<ShortPiece> pieces) const;
  const PairMerger& merges() const { return merges_; }

  /// An empty one, to be filled by a visit and `adopt`.
  explicit ByteLevelBpe(std::shared_ptr<const Barriers> barriers) : barriers_(std::move(barriers)) {}
  template <class Self, class Visit>
  static Result<void> visit_arrays(Self& self, const Visit& visit) {
    HR_CHECK(visit(self.byte_token_));
    HR_CHECK(visit(self.character_token_));
    return PairMerger::visit_arrays(self.merges_, visit);
  }
  bool adopt(size_t n_merges) { return byte_token_.size() == 256 && character_token_.size() == 0x10000 && merges_.adopt(n_merges); }

 private:
  explicit ByteLevelBpe(const Vocabulary& vocabulary);
  Result<void> add_merges(const Vocabulary& vocabulary, const std::vector<std::string>& merges);

  void add_merge(const MergeIds& merge, uint32_t rank);
  void note_use(const MergeIds& merge, uint32_t rank);
  void find_whole_characters();
  template <class Add>
  bool begin_with_characters(std::string_view piece, const Add& add) const;
  template <class Add>
  void begin_with_bytes(std::string_view piece, const Add& add) const;

  std::shared_ptr<const Barriers> barriers_;
  TableArray<uint32_t> byte_token_{256};
  TableArray<uint32_t> character_token_;  // of the basic plane: what its bytes merge to, before anything else does
  PairMerger merges_;
  std::vector<uint32_t> first_use_;  // by id: the lowest rank that joins it; while building
};

}  // namespace headrace::text
