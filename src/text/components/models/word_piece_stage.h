#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/components/models/piece_trie.h"
#include "text/components/models/table_stage.h"

namespace headrace::text {

/// WordPiece: the longest entry that a word begins with, then the longest continuation,
/// and so on; a word that has no such division is the unknown token.
class WordPieceStage final : public TableStage {
 public:
  explicit WordPieceStage(const WordPieceModel& model);

  Result<void> tokenize(std::string_view text, std::vector<ModelToken>& tokens) const override;
  Result<std::vector<std::string>> save(const std::string& folder, const std::optional<std::string>& prefix) const override;

  /// Bytes [begin, end) of a word and the number of the entry that they are.
  struct Part {
    uint32_t begin;
    uint32_t end;
    uint32_t entry;
  };
  /// Replaces `parts` by the division of a word; false, and nothing, if there is none.
  bool divide(std::string_view word, std::vector<Part>& parts) const;
  Result<TokenId> unknown_id() const;
  TokenId id_of(const Part& part) const { return vocabulary().id_at(part.entry); }

 private:
  WordPieceModel model_;
  PieceTrie trie_;  // values: numbers of the table's entries
  PieceTrie::Node continuing_;
};

}  // namespace headrace::text
