#pragma once

#include <string>
#include <utility>
#include <vector>

#include "text/training.h"
#include "text/training/training_watch.h"

namespace headrace::text {

/// The pieces that Unigram training begins with and their log probabilities: all
/// characters, then the substrings of words that occur most, weighted by their length. `weighted`: a substring occurs
/// as often as its words were seen; otherwise each word counts once.
Result<std::vector<std::pair<std::string, double>>> seed_pieces(const WordCounts& words, size_t max_piece_length, size_t seed_size,
                                                               bool weighted, TrainingWatch& watch);

}  // namespace headrace::text
