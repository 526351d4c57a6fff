#include "text/components/post_processors/stages.h"

namespace headrace::text {
namespace {

using StagePointer = std::shared_ptr<const PostProcessorStage>;

struct Compiler {
  Result<StagePointer> operator()(const BertProcessing& spec) const { return std::make_shared<BertProcessingStage>(spec); }
  Result<StagePointer> operator()(const RobertaProcessing& spec) const { return std::make_shared<RobertaProcessingStage>(spec); }
  Result<StagePointer> operator()(const ByteLevelProcessing& spec) const { return std::make_shared<ByteLevelProcessingStage>(spec); }
  Result<StagePointer> operator()(const TemplateProcessing& spec) const { return std::make_shared<TemplateProcessingStage>(spec); }
  Result<StagePointer> operator()(const PostProcessorSequence& spec) const {
    std::vector<StagePointer> stages;
    for (const auto& part : spec.parts) {
      if (!part) continue;
      HR_TRY(auto stage, part->stage());
      stages.push_back(std::move(stage));
    }
    return std::make_shared<PostProcessorSequenceStage>(std::move(stages));
  }
  Result<StagePointer> operator()(const CustomPostProcessor& spec) const {
    if (!spec.stage) return fail(ErrorKind::InvalidArgument, "a post-processor of a program's own has no stage");
    return spec.stage;
  }
};

}  // namespace

Result<std::shared_ptr<const PostProcessorStage>> compile(const PostProcessorSpec& spec) { return std::visit(Compiler{}, spec.value); }

}  // namespace headrace::text
