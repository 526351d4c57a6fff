#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "text/components/models/merge_table.h"
#include "text/training.h"

namespace headrace::text {

/// What training by byte pairs gives: the tokens by id, and the merges by rank.
struct TrainedPairs {
  std::vector<std::string> tokens;
  std::vector<MergeTable::Entry> merges;
};

Result<TrainedPairs> train_pairs(const BpeTrainer& trainer, const WordCounts& words, const TrainingOptions& options);

}  // namespace headrace::text
