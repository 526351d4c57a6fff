#include "frame/operators/stretches.h"

#include <algorithm>
#include <utility>

#include "frame/operators/gather_rows.h"

namespace headrace::frame {
namespace {

/// Rows that are looked at at a time.
constexpr size_t kRows = size_t{16} << 10;

}  // namespace

std::vector<Stretch> stretches_of(const DataFrame& frame) {
  std::vector<size_t> ends{0, frame.height()};
  for (const Column& column : frame.columns()) {
    size_t end = 0;
    for (const Array& chunk : column.chunks()) ends.push_back(end += chunk.size());
  }
  std::ranges::sort(ends);
  const auto again = std::ranges::unique(ends);
  ends.erase(again.begin(), again.end());
  std::vector<Stretch> stretches;
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    for (size_t begin = ends[i]; begin < ends[i + 1]; begin += kRows) stretches.push_back({begin, std::min(kRows, ends[i + 1] - begin)});
  }
  return stretches;
}

Chunk chunk_of(const DataFrame& frame, const Stretch& stretch) {
  Chunk slice{.columns = {}, .rows = stretch.rows};
  for (const Column& column : frame.columns()) slice.columns.push_back(column.slice(stretch.begin, stretch.rows).chunks()[0]);
  return slice;
}

Result<Chunk> chunk_of(const DataFrame& frame, const std::shared_ptr<MemoryBudget>& budget) {
  Chunk chunk{.columns = {}, .rows = frame.height()};
  for (const Column& column : frame.columns()) {
    HR_TRY(Array array, contiguous(column, budget));
    chunk.columns.push_back(std::move(array));
  }
  return chunk;
}

Result<DataFrame> with_long_chunks(const DataFrame& frame, const std::shared_ptr<MemoryBudget>& budget) {
  if (stretches_of(frame).size() <= 4 * (frame.height() / kRows + 1)) return frame;
  HR_TRY(Chunk chunk, chunk_of(frame, budget));
  return DataFrame::make(frame.schema(), {chunk.columns.begin(), chunk.columns.end()}, frame.height());
}

}  // namespace headrace::frame
