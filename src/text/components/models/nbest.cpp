#include "text/nbest.h"

#include "text/components/models/unigram_stage.h"

namespace headrace::text {

Result<std::vector<ScoredTokens>> best_divisions(const ModelStage& model, std::string_view text, size_t count) {
  const auto* unigram = dynamic_cast<const UnigramStage*>(&model);
  if (!unigram) return fail(ErrorKind::Unsupported, "only a Unigram model knows which divisions of a text are more probable than others");
  return unigram->best_divisions(text, count);
}

}  // namespace headrace::text
