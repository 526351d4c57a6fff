#include "frame/operators/piece.h"

#include <utility>

#include "frame/columns/concatenate.h"

namespace headrace::frame {

Result<std::vector<Array>> joined(std::vector<Piece> pieces, const std::shared_ptr<MemoryBudget>& budget) {
  if (pieces.size() == 1) return std::move(pieces.front().arrays);
  std::vector<Array> all;
  std::vector<Array> parts(pieces.size());
  for (size_t i = 0; i < pieces.front().arrays.size(); ++i) {
    for (size_t piece = 0; piece < pieces.size(); ++piece) parts[piece] = std::exchange(pieces[piece].arrays[i], Array());
    HR_TRY(Array array, concatenate(parts, budget));
    all.push_back(std::move(array));
  }
  return all;
}

}  // namespace headrace::frame
