#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace headrace::model {

/// Matrices whose outputs a team computes side by side, in pieces that whoever is free takes next.
struct SharedOutputs {
  std::vector<uint32_t> heights;  ///< outputs of each matrix
  size_t output_bytes = 0;        ///< of weights that one output reads
  uint32_t unit = 1;              ///< a piece is a multiple of this
  uint32_t threads = 1;
  bool few_rows = true;           ///< bound by the stream of weights, or else by arithmetic
};

/// Outputs of a piece. A piece costs its outputs and what it takes to begin: nobody has asked for its first weights
/// in advance. Of the sizes that leave every thread some pieces, so that a stolen core costs its share and not the
/// whole, the one after which threads of one speed have finished first.
uint32_t choose_piece(const SharedOutputs& outputs);

}  // namespace headrace::model
