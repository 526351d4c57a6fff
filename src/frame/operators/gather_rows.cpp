#include "frame/operators/gather_rows.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"

namespace headrace::frame {
namespace {

/// Rows of a chunk of the result.
constexpr size_t kRows = size_t{128} << 10;

}  // namespace

Result<Array> contiguous(const Column& column, const std::shared_ptr<MemoryBudget>& budget) {
  if (column.chunks().empty()) return Array::all_null(column.type(), 0, budget);
  return concatenate(column.chunks(), budget);
}

Result<DataFrame> gather_rows(const DataFrame& frame, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  const size_t chunks = (rows.size() + kRows - 1) / kRows;
  std::vector<Array> columns;
  for (const Column& column : frame.columns()) {
    HR_TRY(Array all, contiguous(column, budget));
    columns.push_back(std::move(all));
  }
  std::vector<std::vector<Array>> gathered(columns.size(), std::vector<Array>(chunks));
  std::mutex mutex;
  Result<void> done;
  ThreadPool::process().parallel_for(columns.size() * chunks, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const size_t column = i / chunks, chunk = i % chunks;
      auto part = gather(columns[column], rows.subspan(chunk * kRows, std::min(kRows, rows.size() - chunk * kRows)), budget);
      if (part) {
        gathered[column][chunk] = *std::move(part);
      } else {
        const std::lock_guard lock(mutex);
        done = std::unexpected(std::move(part).error());
      }
    }
  });
  HR_CHECK(std::move(done));
  std::vector<Column> out;
  for (size_t i = 0; i < columns.size(); ++i) {
    HR_TRY(Column column, Column::make(frame.schema()[i].type, std::move(gathered[i])));
    out.push_back(std::move(column));
  }
  return DataFrame::make(frame.schema(), std::move(out), rows.size());
}

}  // namespace headrace::frame
