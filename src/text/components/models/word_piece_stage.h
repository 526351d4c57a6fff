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

 private:
  Result<void> unknown(std::string_view text, std::vector<ModelToken>& tokens) const;

  WordPieceModel model_;
  PieceTrie trie_;  // values: numbers of the table's entries
  PieceTrie::Node continuing_;
};

}  // namespace headrace::text
