#include "frame/operators/external_sort.h"

#include <algorithm>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/keys/sort_rows.h"

namespace headrace::frame {
namespace {

/// A part of a run is about as long: what each run that is merged has in memory.
constexpr uint64_t kPartBytes = uint64_t{32} << 10;
constexpr size_t kMostPartRows = size_t{16} << 10;

size_t part_rows(size_t rows, uint64_t bytes) {
  const uint64_t fitting = rows * kPartBytes / std::max<uint64_t>(bytes, 1);
  return std::clamp<uint64_t>(fitting, 16, kMostPartRows);
}

Result<std::vector<Array>> gathered(const std::vector<Array>& arrays, size_t width, std::span<const uint64_t> rows,
                                    const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Array> some;
  for (size_t i = 0; i < width; ++i) {
    HR_TRY(Array array, gather(arrays[i], rows, budget));
    some.push_back(std::move(array));
  }
  return some;
}

std::vector<Array> slices(const std::vector<Array>& arrays, size_t begin, size_t rows) {
  std::vector<Array> some;
  for (const Array& array : arrays) some.push_back(array.slice(begin, rows));
  return some;
}

}  // namespace

/// A few runs on their way to be one.
class ExternalSort::Merge {
 public:
  Merge(const ExternalSort& sort, std::span<const Run> runs, size_t width) : sort_(sort), width_(width) {
    for (const Run& run : runs) heads_.push_back({.run = &run});
  }

  Result<Run> all() {
    for (;;) {
      HR_CHECK(load());
      if (rows_ == 0) break;
      HR_CHECK(step());
    }
    HR_CHECK(flush());
    return std::move(out_);
  }

 private:
  /// The rows of a run that are in memory, the first ones of those that are left.
  struct Head {
    const Run* run;
    size_t next = 0;  // part
    size_t rows = 0;
    std::vector<Array> arrays{};
    bool has_more() const { return next < run->parts.size(); }
  };

  /// Every run has rows in memory, as long as it has any.
  Result<void> load() {
    rows_ = 0;
    for (Head& head : heads_) {
      if (head.rows == 0 && head.has_more()) {
        const SpilledRows& part = head.run->parts[head.next++];
        HR_TRY(head.arrays, sort_.spilling_->load(part));
        head.rows = part.rows;
      }
      rows_ += head.rows;
    }
    return {};
  }

  /// Puts what is in memory in order and hands on what nothing on disk can come before: all up to the first row that is the last one in
  /// memory of a run that goes on.
  Result<void> step() {
    std::vector<Piece> pieces;
    std::vector<uint32_t> head_of;
    std::vector<size_t> ends;
    for (size_t i = 0; i < heads_.size(); ++i) {
      ends.push_back(head_of.size() + heads_[i].rows);
      if (heads_[i].rows == 0) continue;
      pieces.push_back({.first_row = 0, .rows = heads_[i].rows, .arrays = heads_[i].arrays});
      head_of.insert(head_of.end(), heads_[i].rows, static_cast<uint32_t>(i));
    }
    HR_TRY(const std::vector<Array> arrays, joined(std::move(pieces), sort_.budget_));
    HR_TRY(const Buffer buffer, sort_.order_of(arrays, rows_));
    const std::span<const uint64_t> order(buffer.as<const uint64_t>(), rows_);
    std::vector<size_t> taken(heads_.size());
    size_t count = 0;
    for (bool is_last = false; count < rows_ && !is_last; ++count) {
      const uint64_t row = order[count];
      const uint32_t head = head_of[row];
      ++taken[head];
      is_last = heads_[head].has_more() && row + 1 == ends[head];
    }
    HR_TRY(std::vector<Array> some, gathered(arrays, width_, order.first(count), sort_.budget_));
    for (size_t i = 0; i < heads_.size(); ++i) {
      if (taken[i] == 0) continue;
      heads_[i].rows -= taken[i];
      heads_[i].arrays = heads_[i].rows == 0 ? std::vector<Array>() : slices(heads_[i].arrays, taken[i], heads_[i].rows);
    }
    return hand_on(std::move(some), count);
  }

  Result<void> hand_on(std::vector<Array> arrays, size_t rows) {
    waiting_bytes_ += live_bytes(arrays);
    waiting_rows_ += rows;
    waiting_.push_back({.first_row = 0, .rows = rows, .arrays = std::move(arrays)});
    return waiting_bytes_ < kPartBytes && waiting_rows_ < kMostPartRows ? Result<void>() : flush();
  }

  Result<void> flush() {
    if (waiting_rows_ == 0) return {};
    HR_TRY(const std::vector<Array> arrays, joined(std::exchange(waiting_, {}), sort_.budget_));
    const size_t rows = std::exchange(waiting_rows_, 0), step = part_rows(rows, std::exchange(waiting_bytes_, 0));
    for (size_t begin = 0; begin < rows; begin += step) HR_CHECK(sort_.append(out_, slices(arrays, begin, std::min(step, rows - begin))));
    return {};
  }

  const ExternalSort& sort_;
  size_t width_;
  std::vector<Head> heads_;
  size_t rows_ = 0;
  Run out_;
  std::vector<Piece> waiting_;
  size_t waiting_rows_ = 0;
  uint64_t waiting_bytes_ = 0;
};

Result<Buffer> ExternalSort::order_of(const std::vector<Array>& arrays, size_t rows) const {
  HR_TRY(const SortKeys keys, SortKeys::make({arrays.begin() + static_cast<std::ptrdiff_t>(width_), arrays.end()}, orders_));
  return sorted_rows(keys, rows, rows, budget_);
}

Result<void> ExternalSort::append(Run& run, std::span<const Array> arrays) const {
  HR_TRY(SpilledRows part, spilling_->spill(arrays));
  run.begins.push_back(run.begins.back() + part.rows);
  run.parts.push_back(std::move(part));
  return {};
}

Result<void> ExternalSort::add(std::vector<Piece> pieces) {
  size_t rows = 0;
  for (const Piece& piece : pieces) rows += piece.rows;
  if (rows == 0) return {};
  HR_TRY(const std::vector<Array> arrays, joined(std::move(pieces), budget_));
  HR_TRY(const Buffer order, order_of(arrays, rows));
  const size_t step = part_rows(rows, live_bytes(arrays));
  Run run;
  for (size_t begin = 0; begin < rows; begin += step) {
    const std::span<const uint64_t> some(order.as<const uint64_t>() + begin, std::min(step, rows - begin));
    HR_TRY(const std::vector<Array> part, gathered(arrays, arrays.size(), some, budget_));
    HR_CHECK(append(run, part));
  }
  const std::lock_guard lock(mutex_);
  runs_.push_back(std::move(run));
  return {};
}

Result<ExternalSort::Run> ExternalSort::merged(std::span<const Run> runs, bool is_last) const {
  const size_t width = is_last ? width_ : width_ + orders_.size();
  return Merge(*this, runs, width).all();
}

Result<void> ExternalSort::finish() {
  // A part of each, those in order beside them, and what is handed on.
  const uint64_t fitting = spilling_->share_bytes() / (4 * kPartBytes);
  const auto most = static_cast<size_t>(std::clamp<uint64_t>(fitting, 2, 64));
  while (!runs_.empty()) {
    const bool is_last = runs_.size() <= most;
    std::vector<Run> fewer;
    for (size_t begin = 0; begin < runs_.size(); begin += most) {
      HR_TRY(Run run, merged(std::span(runs_).subspan(begin, std::min(most, runs_.size() - begin)), is_last));
      fewer.push_back(std::move(run));
    }
    runs_ = std::move(fewer);
    if (is_last) break;
  }
  return {};
}

Result<std::vector<Array>> ExternalSort::read(size_t begin, size_t rows) const {
  const Run& run = runs_.front();
  auto part = static_cast<size_t>(std::ranges::upper_bound(run.begins, begin) - run.begins.begin()) - 1;
  std::vector<Piece> pieces;
  for (const size_t end = begin + rows; begin < end; ++part) {
    HR_TRY(const std::vector<Array> arrays, spilling_->load(run.parts[part]));
    const size_t from = begin - run.begins[part], size = std::min(end, run.begins[part + 1]) - begin;
    pieces.push_back({.first_row = begin, .rows = size, .arrays = slices(arrays, from, size)});
    begin += size;
  }
  return joined(std::move(pieces), budget_);
}

}  // namespace headrace::frame
