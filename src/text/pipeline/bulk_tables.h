#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "text/bpe/pair_merger.h"
#include "text/bulk/bulk_encoder.h"
#include "text/pipeline/bulk_shape.h"
#include "text/vocabulary/string_index.h"

namespace headrace::text {

/// What texts are encoded in bulk with. Immutable but for what the encoder learns.
struct BulkTables {
  StringArena bytes;  // by id: as the token stands in a text; empty: in none
  std::shared_ptr<const PieceEncoder> pieces;
  std::shared_ptr<const Barriers> barriers;
  std::shared_ptr<const BulkEncoder> encoder;

  /// Null if the vocabulary is none for it. `hash` is what a compiled tokenizer has.
  static std::shared_ptr<const BulkTables> build(const BulkShape& shape, std::optional<PieceHash> hash = {});
  /// What the encoder would learn of its entries.
  void learn() const;

 private:
  bool find_byte_tokens(const BulkShape& shape);
  bool find_bytes(const BulkShape& shape);
  bool spell_all(std::span<const MergeIds> merges) const;
  std::vector<uint8_t> first_symbols(const BulkShape& shape) const;
  std::shared_ptr<const PieceEncoder> make_pieces(const BulkShape& shape, const PairMerger& merger,
                                                  std::shared_ptr<const Barriers> barriers) const;

  TableArray<uint32_t> byte_tokens_{256};
  std::vector<uint8_t> names_byte_;  // by id: a token for a byte, none of text
};

/// The same as a compiled tokenizer has it ready, for its model and whatever else its shape says.
struct ReadyBulk {
  BulkShape::Kind kind = BulkShape::Kind::ByteLevel;
  bool ignore_merges = false;
  std::shared_ptr<const TokenTable> vocabulary;
  std::shared_ptr<const MergeTable> merges;
  PieceHash hash;
  VocabularyTable::Ready table;
  TableArray<uint8_t> token_sizes;
  std::shared_ptr<const Barriers> barriers;
  std::shared_ptr<const PieceEncoder> pieces;

  bool fits(const BulkShape& shape) const;
  std::shared_ptr<const BulkTables> tables(const BulkShape& shape) const;
};

}  // namespace headrace::text
