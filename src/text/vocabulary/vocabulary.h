#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"
#include "text/vocabulary/string_index.h"

namespace headrace::text {

/// The entries of a vocabulary: spelling, kind, and the way back from a spelling.
class Vocabulary {
 public:
  /// Takes the entries; `kinds` is empty (all Normal) or has one for each.
  static Result<Vocabulary> build(const std::vector<std::string>& tokens, const std::vector<TokenKind>& kinds);

  uint32_t size() const { return spellings_.size(); }
  std::string_view spelling(TokenId id) const { return spellings_[id]; }
  TokenKind kind(TokenId id) const { return kinds_[id]; }
  /// Control tokens, and the unknown token, which no text means by itself.
  bool is_special(TokenId id) const { return kinds_[id] == TokenKind::Control || kinds_[id] == TokenKind::Unknown; }
  bool is_added(TokenId id) const { return is_special(id) || kinds_[id] == TokenKind::UserDefined; }
  uint32_t find(std::string_view spelling) const { return index_.find(spellings_, spelling); }
  const StringArena& spellings() const { return spellings_; }

 private:
  StringArena spellings_;
  StringIndex index_;
  std::vector<TokenKind> kinds_;
};

}  // namespace headrace::text
