#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/components/models/table_stage.h"

namespace headrace::text {

/// WordLevel: a piece is one token, or the unknown token.
class WordLevelStage final : public TableStage {
 public:
  explicit WordLevelStage(const WordLevelModel& model) : TableStage(model.vocabulary), model_(model) {}

  Result<void> tokenize(std::string_view text, std::vector<ModelToken>& tokens) const override;
  Result<std::vector<std::string>> save(const std::string& folder, const std::optional<std::string>& prefix) const override;

 private:
  WordLevelModel model_;
};

}  // namespace headrace::text
