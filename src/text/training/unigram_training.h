#pragma once

#include "base/error.h"
#include "text/training.h"

namespace headrace::text {

Result<UnigramModel> train_unigram(const UnigramTrainer& trainer, const WordCounts& words, const TrainingOptions& options);

}  // namespace headrace::text
