#include "text/training.h"

namespace headrace::text {

Result<void> train(Pipeline& pipeline, const Trainer& trainer, const TrainingOptions& options) {
  HR_TRY(auto trained, trainer.train(pipeline.model()->get(), options));
  pipeline.model()->set(std::move(trained.model));
  HR_CHECK(pipeline.add_special_tokens(trained.special_tokens));
  return {};
}

}  // namespace headrace::text
