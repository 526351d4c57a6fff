#include "text/components/models/table_stage.h"

namespace headrace::text {

TableStage::TableStage(std::shared_ptr<const TokenTable> vocabulary) : vocabulary_(std::move(vocabulary)) {
  if (!vocabulary_) vocabulary_ = *TokenTable::build({});
}

std::optional<std::string> TableStage::id_to_token(TokenId id) const {
  const auto spelling = vocabulary_->spelling(id);
  if (!spelling) return std::nullopt;
  return std::string(*spelling);
}

void TableStage::for_each_token(const std::function<void(std::string_view token, TokenId id)>& f) const {
  for (size_t n = 0; n < vocabulary_->size(); ++n) f(vocabulary_->spelling_at(n), vocabulary_->id_at(n));
}

}  // namespace headrace::text
