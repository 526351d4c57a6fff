#include "text/components/models/bpe_stage.h"
#include "text/components/models/model_checks.h"
#include "text/components/models/unigram_stage.h"
#include "text/components/models/word_level_stage.h"
#include "text/components/models/word_piece_stage.h"

namespace headrace::text {
namespace {

using Stage = std::shared_ptr<const ModelStage>;

struct Compiler {
  Result<Stage> operator()(const BpeModel& model) const {
    if (model.merges && !model.vocabulary) {
      return fail(ErrorKind::InvalidArgument, "A BPE model has merges and no vocabulary that they belong to.");
    }
    return std::make_shared<const BpeStage>(model);
  }
  Result<Stage> operator()(const WordPieceModel& model) const { return std::make_shared<const WordPieceStage>(model); }
  Result<Stage> operator()(const WordLevelModel& model) const { return std::make_shared<const WordLevelStage>(model); }
  Result<Stage> operator()(const UnigramModel& model) const {
    HR_CHECK(check_model(model));
    return std::make_shared<const UnigramStage>(model);
  }
  Result<Stage> operator()(const CustomModel& model) const {
    if (!model.stage) return fail(ErrorKind::InvalidArgument, "A custom model has no stage.");
    return model.stage;
  }
};

}  // namespace

Result<std::shared_ptr<const ModelStage>> compile(const ModelSpec& spec) { return std::visit(Compiler{}, spec.value); }

}  // namespace headrace::text
