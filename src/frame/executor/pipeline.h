#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "frame/executor/query.h"
#include "frame/executor/source.h"

namespace headrace::frame {

using Emit = std::function<Result<void>(Morsel)>;

/// A step that gives rows for rows, wherever they stand. Thread-safe but for open().
class Operator {
 public:
  virtual ~Operator() = default;
  /// Called once, before all else.
  virtual Result<void> open() { return {}; }
  /// Calls emit() with what becomes of the rows.
  virtual Result<void> push(Morsel morsel, const Emit& emit) const = 0;
};

/// A source and what is done with its rows up to where they are gathered.
struct Pipeline {
  std::unique_ptr<Source> source;
  StepCounts* source_counts = nullptr;
  struct Step {
    std::unique_ptr<Operator> op;
    StepCounts* counts;
  };
  std::vector<Step> steps;
  bool is_dense = true;  ///< every place of the source has a row still
  bool expands = false;  ///< a row may become many: places of rows are then others than the source's
  Query* query = nullptr;

  /// Opens the steps, then the source: what joins keep tells which rows need not be read.
  Result<void> open();
  /// No row's place is as great.
  uint64_t rows() const { return source->rows() << place_bits(); }
  /// How many bits the number of a row has among those that one row of the source became.
  int place_bits() const;
};

/// One task of a pipeline: its source's, and the steps behind it.
class PipelineTask {
 public:
  PipelineTask(const Pipeline& pipeline, std::unique_ptr<SourceTask> source) : pipeline_(pipeline), source_(std::move(source)) {}
  /// Takes some rows from the source and calls emit() with what becomes of them; false at the end.
  Result<bool> step(const Emit& emit);

 private:
  Result<void> push(size_t step, Morsel morsel, const Emit& emit);
  /// Gives the rows their places, if the source's are not theirs.
  Result<void> place(Morsel& morsel);
  /// Time that has passed since the last call belongs to `counts`.
  void count_time(StepCounts& counts);
  void count_rows(StepCounts& counts, const Chunk& chunk) const;

  const Pipeline& pipeline_;
  std::unique_ptr<SourceTask> source_;
  uint64_t since_ = 0;
  // Of the rows that the source's morsel became: the place of the next one, and the place that is another morsel's.
  uint64_t next_place_ = 0, last_place_ = 0;
};

/// Bytes of a chunk's rows.
uint64_t bytes_of(const Chunk& chunk);

}  // namespace headrace::frame
