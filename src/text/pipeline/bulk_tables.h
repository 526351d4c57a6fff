#pragma once

#include <array>
#include <cstdint>
#include <memory>
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
  std::shared_ptr<const BulkEncoder> encoder;

  /// Null if the vocabulary is none for it.
  static std::shared_ptr<const BulkTables> build(const BulkShape& shape);

 private:
  bool find_byte_tokens(const BulkShape& shape);
  bool find_bytes(const BulkShape& shape);
  bool spell_all(std::span<const MergeIds> merges) const;
  std::vector<uint8_t> first_symbols(const BulkShape& shape) const;
  std::shared_ptr<const PieceEncoder> make_pieces(const BulkShape& shape, const PairMerger& merger,
                                                  std::shared_ptr<const Barriers> barriers) const;

  std::array<uint32_t, 256> byte_tokens_{};
  std::vector<uint8_t> names_byte_;  // by id: a token for a byte, none of text
};

}  // namespace headrace::text
