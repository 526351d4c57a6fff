#include "text/components/models/word_level_stage.h"

#include "text/components/models/model_files.h"

namespace headrace::text {

Result<void> WordLevelStage::tokenize(std::string_view text, std::vector<ModelToken>& tokens) const {
  if (const auto id = vocabulary().find(text)) {
    tokens.push_back(whole_piece(*id, text, text));
  } else if (const auto unknown = vocabulary().find(model_.unk_token)) {
    tokens.push_back(whole_piece(*unknown, model_.unk_token, text));
  } else {
    return fail(ErrorKind::InvalidData, "WordLevel error: Missing [UNK] token from the vocabulary");
  }
  return {};
}

Result<std::vector<std::string>> WordLevelStage::save(const std::string& folder, const std::optional<std::string>& prefix) const {
  ModelFiles files(folder, prefix);
  HR_CHECK(files.write("vocab.json", vocabulary_json(vocabulary())));
  return files.paths();
}

}  // namespace headrace::text
