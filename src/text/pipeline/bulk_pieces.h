#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/bpe/byte_level_bpe.h"
#include "text/bpe/pair_merger.h"
#include "text/bulk/bulk_encoder.h"
#include "text/components/models/token_table.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {

class BytePieces final : public PieceEncoder {
 public:
  explicit BytePieces(ByteLevelBpe bpe) : bpe_(std::move(bpe)) {}
  void encode(std::string_view piece, std::vector<Symbol>& symbols) const override { bpe_.encode(piece, symbols); }
  void encode_each(std::span<ShortPiece> pieces) const override { bpe_.encode_each(pieces); }
  size_t longest_of_each() const override { return ShortPiece::kMost; }
  const ByteLevelBpe& bpe() const { return bpe_; }

 private:
  ByteLevelBpe bpe_;
};

/// Units of a text as it is written, with spaces: a token for each character of the vocabulary, tokens of
/// bytes for the others, merged by a list.
class CharacterPieces final : public PieceEncoder {
 public:
  /// `byte_tokens`: by byte, 256 of them.
  CharacterPieces(std::shared_ptr<const TokenTable> vocabulary, TableArray<uint32_t> byte_tokens, PairMerger merger)
      : vocabulary_(std::move(vocabulary)), byte_tokens_(std::move(byte_tokens)), merger_(std::move(merger)) {
    for (uint32_t c = 0; c < 128; ++c) ascii_[c] = find(c == ' ' ? kMetaSymbol : std::string(1, static_cast<char>(c)));
  }

  void encode(std::string_view piece, std::vector<Symbol>& symbols) const override {
    symbols.clear();
    begin(piece, [&](TokenId id, uint32_t from, uint32_t to) { symbols.push_back({id, from, to}); });
    merger_.merge(symbols);
  }
  void encode_each(std::span<ShortPiece> pieces) const override {
    for (ShortPiece& piece : pieces) {
      piece.count = 0;
      begin(piece.bytes, [&](TokenId id, uint32_t, uint32_t) { piece.ids[piece.count++] = id; });
    }
    merger_.merge_each(pieces);
  }
  const PairMerger& merger() const { return merger_; }
  const TableArray<uint32_t>& byte_tokens() const { return byte_tokens_; }

 private:
  /// Calls add(id, begin, end) for what a piece's characters are before anything is merged.
  template <class Add>
  void begin(std::string_view piece, const Add& add) const {
    for (uint32_t at = 0; at < piece.size();) {
      const auto lead = static_cast<uint8_t>(piece[at]);
      const uint32_t length = utf8::length_by_lead(piece[at]);
      const uint32_t id = lead < 0x80 ? ascii_[lead] : find(piece.substr(at, length));
      if (id != StringIndex::kNone) {
        add(id, at, at + length);
      } else if (lead == ' ') {
        // Three bytes that all come from the space.
        for (const char byte : kMetaSymbol) add(byte_tokens_[static_cast<uint8_t>(byte)], at, at + 1);
      } else {
        for (uint32_t i = at; i < at + length; ++i) add(byte_tokens_[static_cast<uint8_t>(piece[i])], i, i + 1);
      }
      at += length;
    }
  }

  uint32_t find(std::string_view character) const { return vocabulary_->find(character).value_or(StringIndex::kNone); }

  std::shared_ptr<const TokenTable> vocabulary_;
  TableArray<uint32_t> byte_tokens_;
  PairMerger merger_;
  std::array<uint32_t, 128> ascii_{};
};

}  // namespace headrace::text
