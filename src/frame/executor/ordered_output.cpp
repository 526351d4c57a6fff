#include "frame/executor/ordered_output.h"

#include <algorithm>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/executor/pipeline.h"

namespace headrace::frame {
namespace {

constexpr size_t kSmall = kMorselRows / 2;

Chunk slice_of(const Chunk& chunk, size_t begin, size_t rows) {
  Chunk out{.columns = {}, .rows = rows};
  for (const Array& column : chunk.columns) out.columns.push_back(column.slice(begin, rows));
  return out;
}

/// One array, which does not keep much more alive than it needs: strings of few rows may lie in many large blocks.
Result<Array> joined(const std::vector<Array>& arrays, const std::shared_ptr<MemoryBudget>& budget) {
  constexpr uint64_t kTimes = 4;
  HR_TRY(Array all, concatenate(arrays, budget));
  return all.held_bytes() > kTimes * all.live_bytes() ? compact(all, budget) : all;
}

Result<Chunk> joined(const std::vector<Chunk>& chunks, size_t rows, const std::shared_ptr<MemoryBudget>& budget) {
  Chunk out{.columns = {}, .rows = rows};
  std::vector<Array> arrays(chunks.size());
  for (size_t column = 0; column < chunks.front().columns.size(); ++column) {
    for (size_t i = 0; i < chunks.size(); ++i) arrays[i] = chunks[i].columns[column];
    HR_TRY(Array one, joined(arrays, budget));
    out.columns.push_back(std::move(one));
  }
  return out;
}

}  // namespace

OrderedOutput::OrderedOutput(size_t tasks, PlanNode::Slice slice, uint64_t ahead_bytes, std::shared_ptr<MemoryBudget> budget)
    : slice_(slice), ahead_bytes_(ahead_bytes), budget_(std::move(budget)), tasks_(tasks), full_(slice.size == 0) {}

Result<void> OrderedOutput::add(size_t, size_t task, Morsel morsel) {
  // Where an end is near, rows are not held back.
  const bool may_wait = slice_.size == UINT64_MAX || slice_.offset < 0;
  Task& own = tasks_[task];
  if (may_wait && morsel.chunk.rows < kSmall) {
    own.small_rows += morsel.chunk.rows;
    own.small.push_back(std::move(morsel.chunk));
    return own.small_rows >= kSmall ? join_small(task) : Result<void>();
  }
  HR_CHECK(join_small(task));
  append(task, std::move(morsel.chunk));
  return {};
}

Result<void> OrderedOutput::join_small(size_t task) {
  Task& own = tasks_[task];
  if (own.small.empty()) return {};
  HR_TRY(Chunk chunk, joined(own.small, own.small_rows, budget_));
  own.small.clear();
  own.small_rows = 0;
  append(task, std::move(chunk));
  return {};
}

Result<void> OrderedOutput::end(size_t, size_t task) {
  HR_CHECK(join_small(task));
  const std::lock_guard lock(mutex_);
  tasks_[task].has_ended = true;
  advance();
  return {};
}

void OrderedOutput::append(size_t task, Chunk chunk) {
  if (ahead_bytes_ != UINT64_MAX) bytes_ += bytes_of(chunk);
  const std::lock_guard lock(mutex_);
  tasks_[task].waiting.push_back(std::move(chunk));
  if (task == head_) advance();
}

void OrderedOutput::advance() {
  for (; head_ < tasks_.size(); ++head_) {
    Task& task = tasks_[head_];
    for (; !task.waiting.empty(); task.waiting.pop_front()) release(std::move(task.waiting.front()));
    if (!task.has_ended) break;
  }
  has_ready_ = !ready_.empty();
}

void OrderedOutput::release(Chunk chunk) {
  const uint64_t before = passed_;
  passed_ += chunk.rows;
  if (slice_.offset < 0) {
    // The last rows are kept, which may become others.
    const uint64_t most = uint64_t{0} - static_cast<uint64_t>(slice_.offset);
    ready_rows_ += chunk.rows;
    ready_.push_back(std::move(chunk));
    for (; ready_rows_ - ready_.front().rows >= most; ready_.pop_front()) ready_rows_ -= ready_.front().rows;
    return;
  }
  const RowRange wanted = rows_of(slice_, UINT64_MAX);
  const uint64_t begin = std::max(before, wanted.begin), end = std::min(passed_, wanted.begin + wanted.size);
  if (begin < end) ready_.push_back(end - begin == chunk.rows ? std::move(chunk) : slice_of(chunk, begin - before, end - begin));
  if (passed_ >= wanted.begin + wanted.size) full_ = true;
}

bool OrderedOutput::wants(size_t task) const {
  if (bytes_.load() < ahead_bytes_) return true;
  // All wait for the first, which goes on until it has given something.
  return task == head_.load() && !has_ready_.load();
}

std::optional<Chunk> OrderedOutput::take() {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return std::nullopt;
  Chunk chunk = std::move(ready_.front());
  ready_.pop_front();
  has_ready_ = !ready_.empty();
  if (ahead_bytes_ != UINT64_MAX) bytes_ -= std::min(bytes_.load(), bytes_of(chunk));
  return chunk;
}

bool OrderedOutput::has_passed(size_t task) const { return head_.load() > task; }

std::vector<Chunk> OrderedOutput::finish() {
  std::vector<Chunk> chunks(std::make_move_iterator(ready_.begin()), std::make_move_iterator(ready_.end()));
  ready_.clear();
  if (slice_.offset >= 0) return chunks;
  // Places as they are among all rows.
  const RowRange wanted = rows_of(slice_, passed_);
  uint64_t at = passed_ - ready_rows_;
  std::vector<Chunk> out;
  for (Chunk& chunk : chunks) {
    const uint64_t begin = std::max(at, wanted.begin), end = std::min(at + chunk.rows, wanted.begin + wanted.size);
    if (begin < end) out.push_back(slice_of(chunk, begin - at, end - begin));
    at += chunk.rows;
  }
  return out;
}

}  // namespace headrace::frame
