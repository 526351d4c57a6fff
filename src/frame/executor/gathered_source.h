#pragma once

#include <optional>
#include <utility>

#include "frame/executor/pipeline.h"
#include "frame/executor/pipeline_run.h"
#include "frame/operators/aggregation.h"
#include "frame/operators/sort.h"
#include "frame/plan/node.h"

namespace headrace::frame {

/// Gives a pipeline's rows to an operator that needs all of them before it gives any.
template <class Gathering>
class GatheringSink final : public Sink {
 public:
  explicit GatheringSink(Gathering& gathering) : gathering_(gathering) {}
  Result<void> add(size_t worker, size_t, Morsel morsel) override { return gathering_.add(worker, morsel.first_row, morsel.chunk); }
  Result<void> end(size_t, size_t) override { return {}; }
  bool wants(size_t) const override { return true; }
  bool is_full() const override { return false; }

 private:
  Gathering& gathering_;
};

/// All rows of a pipeline into such an operator, which is then finished.
template <class Gathering>
Result<void> gather_all(Pipeline& input, Gathering& gathering) {
  HR_CHECK(input.open());
  GatheringSink<Gathering> sink(gathering);
  PipelineRun running(input, sink);
  HR_CHECK(running.work());
  if (running.failure()) return std::unexpected(running.failure()->error);
  return gathering.finish();
}

inline uint64_t rows_of(const Sort& sort) { return sort.rows(); }
inline uint64_t rows_of(const Aggregation& groups) { return groups.groups(); }

/// What such an operator gives.
template <class Gathering>
class GatheredSource final : public Source {
 public:
  GatheredSource(Pipeline input, Gathering gathering) : input_(std::move(input)), gathering_(std::move(gathering)) {}
  Result<void> open() override { return gather_all(input_, gathering_); }
  size_t tasks() const override { return gathering_.chunks(); }
  Result<std::unique_ptr<SourceTask>> begin(size_t task) override { return std::make_unique<Task>(gathering_, task); }
  uint64_t rows() const override { return rows_of(gathering_); }

 private:
  class Task final : public SourceTask {
   public:
    Task(const Gathering& gathering, size_t number) : gathering_(gathering), number_(number) {}
    Result<std::optional<Morsel>> next() override {
      if (std::exchange(is_given_, true)) return std::nullopt;
      HR_TRY(Chunk chunk, gathering_.chunk(number_));
      return Morsel{.first_row = uint64_t{number_} * Gathering::kRows, .chunk = std::move(chunk)};
    }

   private:
    const Gathering& gathering_;
    size_t number_;
    bool is_given_ = false;
  };

  Pipeline input_;
  Gathering gathering_;
};

/// The operator of a node over an input.
Result<Sort> make_sort(const PlanNode::Sort& node, const Schema& input, size_t workers, std::shared_ptr<MemoryBudget> budget,
                       std::shared_ptr<Spilling> spilling = nullptr);

}  // namespace headrace::frame
