#include "frame/executor/pipeline.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

namespace headrace::frame {
namespace {

uint64_t now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
}

}  // namespace

uint64_t bytes_of(const Chunk& chunk) {
  uint64_t bytes = 0;
  for (const Array& column : chunk.columns) bytes += column.live_bytes();
  return bytes;
}

Result<void> Pipeline::open() {
  for (Step& step : steps) HR_CHECK(step.op->open());
  HR_CHECK(source->open());
  return {};
}

int Pipeline::place_bits() const {
  // Few enough that places of several pipelines can be counted on from each other.
  constexpr int kMost = 55, kEnough = 40;
  return expands ? std::clamp(kMost - static_cast<int>(std::bit_width(source->rows())), 0, kEnough) : 0;
}

void PipelineTask::count_time(StepCounts& counts) {
  const uint64_t time = now();
  counts.nanoseconds.fetch_add(time - since_, std::memory_order_relaxed);
  since_ = time;
}

void PipelineTask::count_rows(StepCounts& counts, const Chunk& chunk) const {
  counts.rows.fetch_add(chunk.rows, std::memory_order_relaxed);
  if (pipeline_.query->counts_bytes) counts.bytes.fetch_add(bytes_of(chunk), std::memory_order_relaxed);
}

Result<bool> PipelineTask::step(const Emit& emit) {
  since_ = now();
  auto morsel = source_->next();
  count_time(*pipeline_.source_counts);
  if (!morsel) return std::unexpected(std::move(morsel).error());
  if (!*morsel) return false;
  if ((*morsel)->chunk.rows == 0) return true;
  count_rows(*pipeline_.source_counts, (*morsel)->chunk);
  next_place_ = (*morsel)->first_row << pipeline_.place_bits();
  last_place_ = ((*morsel)->first_row + (*morsel)->chunk.rows) << pipeline_.place_bits();
  HR_CHECK(push(0, **std::move(morsel), emit));
  return true;
}

Result<void> PipelineTask::place(Morsel& morsel) {
  if (!pipeline_.expands) return {};
  if (morsel.chunk.rows > last_place_ - next_place_) {
    return fail(ErrorKind::OutOfRange, "A few rows become more by joins than can be counted; the join's keys may be too few.");
  }
  morsel.first_row = next_place_;
  next_place_ += morsel.chunk.rows;
  return {};
}

Result<void> PipelineTask::push(size_t step, Morsel morsel, const Emit& emit) {
  if (step == pipeline_.steps.size()) {
    HR_CHECK(place(morsel));
    auto done = emit(std::move(morsel));
    since_ = now();
    return done;
  }
  StepCounts& counts = *pipeline_.steps[step].counts;
  auto done = pipeline_.steps[step].op->push(std::move(morsel), [&](Morsel made) -> Result<void> {
    count_time(counts);
    if (made.chunk.rows == 0) return {};
    count_rows(counts, made.chunk);
    return push(step + 1, std::move(made), emit);
  });
  count_time(counts);
  return done;
}

}  // namespace headrace::frame
