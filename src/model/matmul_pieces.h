#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/thread_team.h"
#include "kernels/kernel_table.h"

namespace headrace::model {

constexpr uint32_t kFewRows = 8;       ///< as many are bound by the stream of weights, more by arithmetic
constexpr uint32_t kTilesOfPiece = 2;  ///< kernels take so many tiles at once

/// Matrices whose outputs a team computes side by side, in pieces that whoever is free takes next.
struct SharedOutputs {
  std::vector<uint32_t> heights;  ///< outputs of each matrix
  size_t output_bytes = 0;        ///< of weights that one output reads
  uint32_t unit = 1;              ///< a piece is a multiple of this
  uint32_t threads = 1;
  bool few_rows = true;           ///< at most kFewRows
};

/// Outputs of a piece. A piece costs its outputs and what it takes to begin: nobody has asked for its first weights
/// in advance. Of the sizes that leave every thread some pieces, so that a stolen core costs its share and not the
/// whole, the one after which threads of one speed have finished first.
uint32_t choose_piece(const SharedOutputs& outputs);

/// Some rows' part of a matrix's outputs.
struct MatmulPiece {
  uint32_t first_row, rows;
  uint32_t first, last;  ///< outputs

  /// A product's part: rows and columns of `out` are counted from its beginning.
  kernels::MatmulArgs of(const kernels::MatmulArgs& whole) const;
};

/// Whether `members` of a team take rows of their own through a step of `rows`, member m those from m / members of them on,
/// and every matrix for these: what a row leaves behind is then read by whoever wrote it.
/// PERF: weights are then read by each member, in a share of the time: 4 rows for each of members² keep that below what memory gives.
inline bool has_own_rows(uint32_t rows, uint32_t members) { return members > 1 && rows >= 4 * members * members; }

/// Calls body(piece) for the pieces of `outputs` outputs of `rows` rows, each of at most `grain` outputs, by all members together.
/// `claims`: one for each member, 0 when the first of them comes.
template <class Body>
void share_matmul_pieces(const TeamMember& member, std::atomic<uint32_t>* claims, uint32_t rows, uint32_t outputs, uint32_t grain,
                         Body&& body) {
  const auto members = static_cast<uint32_t>(member.size());
  if (!has_own_rows(rows, members)) {
    member.share_ranges(claims, outputs, grain, [&](uint32_t first, uint32_t last) { body(MatmulPiece{0, rows, first, last}); });
    return;
  }
  // The outputs once for each member's rows, one after the other: whole pieces, so that each member's range is that of its rows.
  const uint32_t length = (outputs + grain - 1) / grain * grain;
  member.share_ranges(claims, members * length, grain, [&](uint32_t begin, uint32_t) {
    const uint32_t owner = begin / length;
    const auto bound = [&](uint32_t before) { return static_cast<uint32_t>(uint64_t{rows} * before / members); };
    const uint32_t first = begin - owner * length;
    body(MatmulPiece{bound(owner), bound(owner + 1) - bound(owner), first, std::min(first + grain, outputs)});
  });
}

}  // namespace headrace::model
