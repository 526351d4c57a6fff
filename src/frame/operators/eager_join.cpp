#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frame/operators/gather_rows.h"
#include "frame/operators/join.h"

namespace headrace::frame {
namespace {

/// Rows of the left side that are looked up at a time.
constexpr size_t kRows = size_t{16} << 10;

Result<Chunk> chunk_of(const DataFrame& frame, const std::shared_ptr<MemoryBudget>& budget) {
  Chunk chunk{.columns = {}, .rows = frame.height()};
  for (const Column& column : frame.columns()) {
    HR_TRY(Array array, contiguous(column, budget));
    chunk.columns.push_back(std::move(array));
  }
  return chunk;
}

Chunk slice_of(const Chunk& chunk, size_t begin, size_t rows) {
  Chunk slice{.columns = {}, .rows = rows};
  for (const Array& column : chunk.columns) slice.columns.push_back(column.slice(begin, rows));
  return slice;
}

Result<void> check_left(const Join& join, const Chunk& left, const JoinOptions& options, const std::shared_ptr<MemoryBudget>& budget) {
  if (options.validation != JoinValidation::OneToMany && options.validation != JoinValidation::OneToOne) return {};
  HR_TRY(std::vector<Array> keys, join.left_keys(left));
  HR_TRY(const JoinTable table, JoinTable::make(std::move(keys), left.rows, options.nulls_equal, budget));
  if (!table.has_chains()) return {};
  return fail(ErrorKind::InvalidArgument, fmt::format("A key stands in several rows of the left side, where the join is to be {}.",
                                                      options.validation == JoinValidation::OneToOne ? "1:1" : "1:m"));
}

/// What each piece of the left side finds, in parallel.
Result<std::vector<std::vector<Chunk>>> probe_all(const Join& join, const Chunk& left) {
  std::vector<std::vector<Chunk>> found((left.rows + kRows - 1) / kRows);
  std::mutex mutex;
  Result<void> done;
  ThreadPool::process().parallel_for(found.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Chunk piece = slice_of(left, i * kRows, std::min(kRows, left.rows - i * kRows));
      auto probed = join.probe(piece, [&](Chunk chunk) -> Result<void> {
        found[i].push_back(std::move(chunk));
        return {};
      });
      if (probed) continue;
      const std::lock_guard lock(mutex);
      done = std::move(probed);
    }
  });
  HR_CHECK(std::move(done));
  return found;
}

}  // namespace

Result<DataFrame> join(const DataFrame& left, const DataFrame& right, std::span<const Expression> left_on, std::span<const Expression> right_on,
                       const JoinOptions& options, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Join join, Join::make(left.schema(), right.schema(), left_on, right_on, options, 1, budget));
  HR_TRY(const Chunk left_rows, chunk_of(left, budget));
  HR_TRY(const Chunk right_rows, chunk_of(right, budget));
  HR_CHECK(check_left(join, left_rows, options, budget));
  HR_CHECK(join.add(0, 0, right_rows));
  HR_CHECK(join.finish());
  HR_TRY(std::vector<std::vector<Chunk>> found, probe_all(join, left_rows));
  found.emplace_back();
  HR_CHECK(join.unmatched([&](Chunk chunk) -> Result<void> {
    found.back().push_back(std::move(chunk));
    return {};
  }));
  std::vector<std::vector<Array>> arrays(join.schema().size());
  size_t height = 0;
  for (const std::vector<Chunk>& chunks : found) {
    for (const Chunk& chunk : chunks) {
      height += chunk.rows;
      for (size_t i = 0; i < arrays.size(); ++i) arrays[i].push_back(chunk.columns[i]);
    }
  }
  std::vector<Column> columns;
  for (size_t i = 0; i < arrays.size(); ++i) {
    HR_TRY(Column column, Column::make(join.schema()[i].type, std::move(arrays[i])));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(join.schema(), std::move(columns), height);
}

}  // namespace headrace::frame
