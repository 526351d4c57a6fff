#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frame/expressions/bound_expression.h"

namespace headrace::frame {

/// Rows that are calculated at a time: enough that what each step costs beside them is little, few enough for the second cache level.
inline constexpr size_t kPieceRows = size_t{16} << 10;

/// Where columns' chunks are cut: rows [begin, begin + rows) of the frame, within one chunk of each column that is read.
struct FrameRows {
  size_t begin, rows;
};
std::vector<FrameRows> pieces_of(const DataFrame& frame, const std::vector<bool>& read);
/// The columns that are not read stay empty.
Chunk chunk_of(const DataFrame& frame, const std::vector<bool>& read, const FrameRows& piece);
/// Puts the first rows of further columns, as many as the chunk has, behind those of a chunk.
void append(const std::vector<Array>& columns, Chunk& chunk);

/// Calls run(i) for all i below `count` in parallel. Of several errors the first in their order.
template <class Run>
Result<void> each_in_parallel(size_t count, size_t grain, const Run& run) {
  std::mutex mutex;
  size_t failed_at = SIZE_MAX;
  Error error;
  ThreadPool::process().parallel_for(count, grain, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Result<void> done = run(i);
      if (done) continue;
      const std::lock_guard lock(mutex);
      if (i < failed_at) failed_at = i, error = done.error();
      return;
    }
  });
  if (failed_at != SIZE_MAX) return std::unexpected(std::move(error));
  return {};
}

/// Calls run(piece's number, its rows) for every piece, in parallel.
template <class Run>
Result<void> each_piece(const DataFrame& frame, const std::vector<bool>& read, const std::vector<FrameRows>& pieces, const Run& run) {
  return each_in_parallel(pieces.size(), 4, [&](size_t i) { return run(i, chunk_of(frame, read, pieces[i])); });
}

}  // namespace headrace::frame
