#include "frame/operators/join_small_left.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/thread_pool.h"
#include "frame/columns/gather.h"
#include "frame/operators/gather_rows.h"
#include "frame/operators/stretches.h"

namespace headrace::frame {
namespace {

/// Fewer rows are looked up either way in no time.
constexpr size_t kManyRows = size_t{256} << 10;

/// Rows of the right side with those of the left that they find, in the order of the right.
struct Pairs {
  std::vector<uint32_t> left;
  std::vector<uint64_t> right;
};

Result<Pairs> pairs_of(const JoinTable& table, const std::vector<Array>& keys, size_t first_row, size_t rows) {
  Pairs pairs;
  std::vector<uint64_t> found(rows);
  HR_CHECK(table.find(keys, found));
  for (size_t row = 0; row < rows; ++row) {
    for (uint64_t left = found[row]; left != kNoRow; left = table.has_chains() ? table.next(left) : kNoRow) {
      pairs.left.push_back(static_cast<uint32_t>(left));
      pairs.right.push_back(first_row + row);
    }
  }
  return pairs;
}

Result<std::vector<Pairs>> all_pairs(const Join& join, const JoinTable& table, const DataFrame& right) {
  const std::vector<Stretch> stretches = stretches_of(right);
  std::vector<Pairs> pairs(stretches.size());
  std::mutex mutex;
  Result<void> done;
  const auto one = [&](size_t i) -> Result<void> {
    HR_TRY(const std::vector<Array> keys, join.right_keys(chunk_of(right, stretches[i])));
    HR_TRY(pairs[i], pairs_of(table, keys, stretches[i].begin, stretches[i].rows));
    return {};
  };
  ThreadPool::process().parallel_for(stretches.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      auto found = one(i);
      if (found) continue;
      const std::lock_guard lock(mutex);
      done = std::move(found);
    }
  });
  HR_CHECK(done);
  return pairs;
}

/// Both sides' rows of the pairs, in the order of the left rows, those of one in the order of the right.
struct Rows {
  Buffer left, right;
  size_t count = 0;
};

Result<Rows> in_left_order(const std::vector<Pairs>& pairs, size_t left_rows, const std::shared_ptr<MemoryBudget>& budget) {
  Rows rows;
  for (const Pairs& some : pairs) rows.count += some.left.size();
  HR_TRY(const Buffer counts, Buffer::from_pool(std::max<size_t>(left_rows, 1) * sizeof(uint64_t), budget));
  HR_TRY(rows.left, Buffer::from_pool(rows.count * sizeof(uint64_t), budget));
  HR_TRY(rows.right, Buffer::from_pool(rows.count * sizeof(uint64_t), budget));
  auto* at = counts.as<uint64_t>();
  auto* to_left = rows.left.as<uint64_t>();
  auto* to_right = rows.right.as<uint64_t>();
  // Each thread has a part of the left rows: no place is another's.
  const auto parts = static_cast<size_t>(ThreadPool::process().threads());
  const auto each_pair = [&](const auto& run) {
    ThreadPool::process().parallel_for(parts, 1, [&](size_t begin, size_t end) {
      const size_t first = left_rows * begin / parts, size = left_rows * end / parts - first;
      for (const Pairs& some : pairs) {
        for (size_t i = 0; i < some.left.size(); ++i) {
          if (some.left[i] - first < size) run(some.left[i], some.right[i]);
        }
      }
    });
  };
  each_pair([&](uint32_t left, uint64_t) { ++at[left]; });
  uint64_t sum = 0;
  for (size_t row = 0; row < left_rows; ++row) {
    const uint64_t count = std::exchange(at[row], sum);
    std::fill_n(to_left + sum, count, row);
    sum += count;
  }
  each_pair([&](uint32_t left, uint64_t right) { to_right[at[left]++] = right; });
  return rows;
}

/// The columns of one side that the join's result has, in its order.
Result<DataFrame> columns_from(const Join& join, JoinColumn::From side, const DataFrame& frame) {
  std::vector<std::string> names;
  for (const JoinColumn& column : join.columns()) {
    if (column.from == side) names.push_back(frame.schema()[column.column].name);
  }
  return frame.select(names);
}

}  // namespace

bool is_for_small_left(const DataFrame& left, const DataFrame& right, const JoinOptions& options) {
  const bool is_plain = options.kind == JoinKind::Inner && !options.condition && options.validation == JoinValidation::ManyToMany;
  return is_plain && right.height() >= kManyRows && left.height() < right.height() / 4;
}

Result<DataFrame> join_small_left(const Join& join, const DataFrame& left, const DataFrame& right,
                                  const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Chunk left_chunk, chunk_of(left, budget));
  HR_TRY(std::vector<Array> keys, join.left_keys(left_chunk));
  HR_TRY(const JoinTable table, JoinTable::make(std::move(keys), left.height(), join.options().nulls_equal, budget));
  HR_TRY(const DataFrame right_rows, with_long_chunks(right, budget));
  HR_TRY(const std::vector<Pairs> pairs, all_pairs(join, table, right_rows));
  HR_TRY(const Rows rows, in_left_order(pairs, left.height(), budget));
  HR_TRY(const DataFrame left_columns, columns_from(join, JoinColumn::From::Left, left));
  HR_TRY(const DataFrame right_columns, columns_from(join, JoinColumn::From::Right, right));
  HR_TRY(const DataFrame left_part, gather_rows(left_columns, {rows.left.as<uint64_t>(), rows.count}, budget));
  HR_TRY(const DataFrame right_part, gather_rows(right_columns, {rows.right.as<uint64_t>(), rows.count}, budget));
  std::vector<Column> columns;
  size_t next_left = 0, next_right = 0;
  for (const JoinColumn& column : join.columns()) {
    columns.push_back(column.from == JoinColumn::From::Left ? left_part.columns()[next_left++] : right_part.columns()[next_right++]);
  }
  return DataFrame::make(join.schema(), std::move(columns), rows.count);
}

}  // namespace headrace::frame
