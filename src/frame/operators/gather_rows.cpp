#include "frame/operators/gather_rows.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"

namespace headrace::frame {
namespace {

/// Rows of a chunk of the result.
constexpr size_t kRows = size_t{128} << 10;

/// Few rows out of many chunks: those of each chunk, and then the order that is wanted.
Result<Array> gather_few(const Column& column, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<uint64_t> in_order(rows.size()), local, back(rows.size());
  std::iota(in_order.begin(), in_order.end(), uint64_t{0});
  std::ranges::stable_sort(in_order, {}, [&](uint64_t i) { return rows[i]; });
  for (size_t i = 0; i < rows.size(); ++i) back[in_order[i]] = i;
  std::vector<Array> parts;
  size_t first = 0, next = 0;
  for (const Array& chunk : column.chunks()) {
    local.clear();
    for (; next < rows.size() && rows[in_order[next]] < first + chunk.size(); ++next) local.push_back(rows[in_order[next]] - first);
    first += chunk.size();
    if (local.empty()) continue;
    HR_TRY(Array part, gather(chunk, local, budget));
    parts.push_back(std::move(part));
  }
  HR_TRY(const Array all, concatenate(parts, budget));
  return gather(all, back, budget);
}

/// Whether rows are so few that a copy of all chunks as one costs more.
bool is_few(const DataFrame& frame, std::span<const uint64_t> rows) {
  return !rows.empty() && rows.size() < frame.height() / 8 && frame.width() > 0;
}

Result<DataFrame> gather_few(const DataFrame& frame, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Column> columns;
  for (const Column& column : frame.columns()) {
    HR_TRY(Array array, gather_few(column, rows, budget));
    columns.emplace_back(std::move(array));
  }
  return DataFrame::make(frame.schema(), std::move(columns), rows.size());
}

}  // namespace

Result<Array> contiguous(const Column& column, const std::shared_ptr<MemoryBudget>& budget) {
  if (column.chunks().empty()) return Array::all_null(column.type(), 0, budget);
  return concatenate(column.chunks(), budget);
}

Result<DataFrame> gather_rows(const DataFrame& frame, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  if (is_few(frame, rows)) return gather_few(frame, rows, budget);
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
  HR_CHECK(done);
  std::vector<Column> out;
  for (size_t i = 0; i < columns.size(); ++i) {
    HR_TRY(Column column, Column::make(frame.schema()[i].type, std::move(gathered[i])));
    out.push_back(std::move(column));
  }
  return DataFrame::make(frame.schema(), std::move(out), rows.size());
}

}  // namespace headrace::frame
