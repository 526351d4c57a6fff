#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/bpe/merge.h"
#include "text/bulk/barriers.h"
#include "text/bulk/piece_cache.h"
#include "text/bulk/piece_splitter.h"
#include "text/bulk/vocabulary_table.h"
#include "text/encode/token_sink.h"
#include "text/pretokenize/pre_tokenizer.h"

namespace headrace::text {

/// Encodes a piece by its merges, whatever the tables say of it. Thread-safe.
class PieceEncoder {
 public:
  virtual ~PieceEncoder() = default;
  /// Replaces `symbols` by the tokens of `piece`, with bytes of the piece.
  virtual void encode(std::string_view piece, std::vector<Symbol>& symbols) const = 0;
  /// The ids of several pieces of at most `longest_of_each` bytes: one by one, unless that can be done better.
  virtual void encode_each(std::span<ShortPiece> pieces) const;
  virtual size_t longest_of_each() const { return PackedPiece::kLongest; }
};

/// What a BulkEncoder is made of. Bytes that it refers to must outlive it.
struct BulkSpec {
  /// Entries that a piece may be, as they stand in a text; of equal ones the last counts.
  std::vector<BulkEntry> entries;
  /// By id, which entries are known to be encoded as themselves; empty: nothing is known, and the first ones are tried.
  std::vector<uint8_t> whole = {};
  /// Of a compiled tokenizer: in place of entries, what is known of them, and the bytes of tokens.
  const VocabularyTable::Ready* ready = nullptr;
  TableArray<uint8_t> token_sizes = {};
  std::optional<PieceHash> hash = {};  ///< none: one that nobody knows
  /// The bytes of every token, by id, as far as they stand in a text so; may be null.
  const StringArena* token_bytes = nullptr;
  /// A piece that is an entry is that token, without asking the merges.
  bool ignore_merges = false;
  /// Of a vocabulary with every result of a merge; null: pieces are not cut.
  std::shared_ptr<const Barriers> barriers;
  /// How texts fall into pieces: a published family; else a pre-tokenizer; else (null) barriers alone.
  std::optional<SplitRules> rules;
  std::shared_ptr<const PreTokenizer> pre_tokenizer = {};
  std::shared_ptr<const PieceEncoder> pieces;
  /// The characters of a text that stand for U+0020 in the entries (SentencePiece: ▁).
  bool lower_block_is_space = false;
};

/// Encodes the stretches of a text between its added tokens, by looking pieces up: first in a
/// table of the vocabulary that all threads share, then in the thread's own cache, and only
/// then by merging. Immutable but for what it has learnt.
class BulkEncoder {
 public:
  static Result<std::shared_ptr<const BulkEncoder>> build(BulkSpec spec);
  ~BulkEncoder();

  /// Encodes text[begin, end), which is valid UTF-8 and begins and ends between characters. Offsets are
  /// of `text`, of whole characters. May stop once the sink is full.
  Result<void> encode(std::string_view text, size_t begin, size_t end, TokenSink& sink) const;

  /// For texts that are cut at barriers alone, and get a space in front: where the unit that
  /// begins with that space ends, at least one character after `begin`.
  size_t first_unit_end(std::string_view text, size_t begin, size_t end) const;

  size_t table_bytes() const { return table_.bytes(); }
  const VocabularyTable& table() const { return table_; }
  /// By id, in bytes of a text; 0: unknown.
  const TableArray<uint8_t>& token_sizes() const { return token_sizes_; }
  /// Learns now what calls would learn of entries when they meet them.
  void learn(std::span<const BulkEntry> entries) const;

 private:
  explicit BulkEncoder(BulkSpec spec);
  class Run;
  void confirm_entries(std::span<const BulkEntry> entries);
  VocabularyTable::Slot* find(std::string_view piece) const;
  bool confirm(VocabularyTable::Slot* slot, std::span<const TokenId> ids) const;
  Result<void> encode_part(std::string_view text, size_t begin, size_t stop, size_t end, TokenSink& sink) const;
  std::vector<size_t> part_ends(std::string_view text, size_t begin, size_t end, const TokenSink& sink) const;
  bool begins_part(std::string_view text, size_t at) const;
  char32_t character(const char* p, uint32_t& length) const;

  PieceHash hash_;
  mutable VocabularyTable table_;
  std::shared_ptr<const Barriers> barriers_;
  std::optional<PieceSplitter> splitter_;
  std::shared_ptr<const PreTokenizer> pre_tokenizer_;
  std::shared_ptr<const PieceEncoder> pieces_;
  TableArray<uint8_t> token_sizes_;
  bool ignore_merges_;
  bool lower_block_is_space_;
  uint64_t serial_;
};

}  // namespace headrace::text
