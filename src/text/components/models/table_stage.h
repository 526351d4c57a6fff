#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "text/components.h"
#include "text/components/models/token_table.h"

namespace headrace::text {

/// What the models over a table of tokens share.
class TableStage : public ModelStage {
 public:
  explicit TableStage(std::shared_ptr<const TokenTable> vocabulary);

  std::optional<TokenId> token_to_id(std::string_view token) const final { return vocabulary_->find(token); }
  std::optional<std::string> id_to_token(TokenId id) const final;
  size_t vocabulary_size() const final { return vocabulary_->size(); }
  void for_each_token(const std::function<void(std::string_view token, TokenId id)>& f) const final;

 protected:
  const TokenTable& vocabulary() const { return *vocabulary_; }

 private:
  std::shared_ptr<const TokenTable> vocabulary_;
};

/// A token that is a whole piece.
inline ModelToken whole_piece(TokenId id, std::string_view value, std::string_view piece) {
  return {id, std::string(value), {0, static_cast<uint32_t>(piece.size())}};
}

}  // namespace headrace::text
