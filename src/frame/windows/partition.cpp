#include "frame/windows/partition.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "frame/columns/gather.h"
#include "frame/expressions/pieces.h"
#include "frame/keys/group_table.h"
#include "frame/keys/hash_rows.h"
#include "frame/keys/radix.h"
#include "frame/keys/sort_rows.h"

namespace headrace::frame {
namespace {

/// Fewer rows are one part.
constexpr size_t kFewRows = size_t{4} << 10;

/// The rows of each part, in their order.
Result<std::vector<std::vector<uint64_t>>> parts_of(std::span<const Array> keys, size_t rows,
                                                    const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<std::vector<uint64_t>> parts(1);
  if (rows < kFewRows || keys.empty()) {
    parts[0].resize(rows);
    std::iota(parts[0].begin(), parts[0].end(), uint64_t{0});
    return parts;
  }
  HR_TRY(const Buffer hashes, Buffer::allocate(rows * sizeof(uint64_t), budget));
  auto* hash = hashes.as<uint64_t>();
  const size_t pieces = (rows + kPieceRows - 1) / kPieceRows;
  HR_CHECK(each_in_parallel(pieces, 1, [&](size_t piece) -> Result<void> {
    const size_t begin = piece * kPieceRows, size = std::min(kPieceRows, rows - begin);
    std::vector<Array> some;
    for (const Array& key : keys) some.push_back(key.slice(begin, size));
    return hash_rows(some, {hash + begin, size}, budget);
  }));
  parts.resize(kParts);
  std::vector<size_t> counts(kParts);
  for (size_t row = 0; row < rows; ++row) ++counts[part_of(hash[row])];
  for (size_t part = 0; part < kParts; ++part) parts[part].reserve(counts[part]);
  for (size_t row = 0; row < rows; ++row) parts[part_of(hash[row])].push_back(row);
  std::erase_if(parts, [](const std::vector<uint64_t>& part) { return part.empty(); });
  return parts;
}

Result<std::vector<Array>> gathered(std::span<const Array> columns, std::span<const uint64_t> rows,
                                    const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Array> out;
  for (const Array& column : columns) {
    HR_TRY(Array some, gather(column, rows, budget));
    out.push_back(std::move(some));
  }
  return out;
}

/// The groups of a part's rows: numbers in the order in which they come.
Result<std::vector<uint32_t>> numbers_of(std::span<const Array> keys, std::span<const uint64_t> rows, size_t& groups,
                                         const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<uint32_t> numbers(rows.size());
  groups = rows.empty() ? 0 : 1;
  if (keys.empty()) return numbers;
  std::vector<DataType> types;
  for (const Array& key : keys) types.push_back(key.type());
  HR_TRY(std::vector<Array> own, gathered(keys, rows, budget));
  const auto layout = std::make_shared<const KeyLayout>(std::move(types));
  GroupTable table(layout, budget);
  KeyBatch batch;
  HR_CHECK(batch.assign(*layout, std::move(own), rows.size(), budget));
  HR_CHECK(table.find(batch, numbers));
  groups = table.size();
  return numbers;
}

/// Puts a part's rows in the order of groups and of keys within them.
Result<PartitionPart> arranged(std::span<const Array> keys, const std::vector<uint64_t>& rows,
                               std::span<const Array> order, std::span<const SortOrder> orders,
                               const std::shared_ptr<MemoryBudget>& budget) {
  size_t groups = 0;
  HR_TRY(const std::vector<uint32_t> numbers, numbers_of(keys, rows, groups, budget));
  auto starts = std::make_shared<Starts>(groups + 1);
  for (const uint32_t number : numbers) ++(*starts)[number + 1];
  std::partial_sum(starts->begin(), starts->end(), starts->begin());
  PartitionPart part{.rows = std::vector<uint64_t>(rows.size()), .starts = starts};
  if (order.empty()) {
    std::vector<uint64_t> next(starts->begin(), starts->end() - 1);
    for (size_t i = 0; i < rows.size(); ++i) part.rows[next[numbers[i]]++] = rows[i];
    return part;
  }
  HR_TRY(std::vector<Array> words, gathered(order, rows, budget));
  HR_TRY(const Buffer copy, Buffer::allocate(numbers.size() * sizeof(uint32_t), budget));
  std::ranges::copy(numbers, copy.as<uint32_t>());
  HR_TRY(Array group, Array::make({.type = TypeId::UInt32, .size = numbers.size(), .values = copy, .nulls = 0}));
  words.insert(words.begin(), std::move(group));
  std::vector<SortOrder> all{{}};
  all.insert(all.end(), orders.begin(), orders.end());
  HR_TRY(const SortKeys sort_keys, SortKeys::make(std::move(words), all));
  HR_TRY(const Buffer sorted, sorted_rows(sort_keys, rows.size(), rows.size(), budget));
  for (size_t i = 0; i < rows.size(); ++i) part.rows[i] = rows[sorted.as<uint64_t>()[i]];
  return part;
}

}  // namespace

Result<std::vector<PartitionPart>> partition(std::span<const Array> keys, size_t rows, std::span<const Array> order,
                                             std::span<const SortOrder> orders,
                                             const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const auto parts, parts_of(keys, rows, budget));
  std::vector<PartitionPart> out(parts.size());
  HR_CHECK(each_in_parallel(parts.size(), 1, [&](size_t i) -> Result<void> {
    HR_TRY(out[i], arranged(keys, parts[i], order, orders, budget));
    return {};
  }));
  return out;
}

}  // namespace headrace::frame
