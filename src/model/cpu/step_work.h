#pragma once

#include <cstdint>
#include <vector>

#include "kernels/kernel_table.h"
#include "model/step.h"

namespace headrace::model {

/// What a backend is prepared for, and what a step is checked against.
struct StepLimits {
  uint32_t vocabulary = 0;
  uint32_t pages = 0;
  uint32_t rows = 0;
  uint32_t logits_rows = 0;
};

/// A step flattened into rows and into the pieces of work that a team shares. Its
/// lists keep their memory from step to step.
struct StepWork {
  struct Run {
    uint32_t first_row, rows, first_position;
    const uint32_t* pages;
    uint32_t first_wanted = 0, last_wanted = 0;  ///< rows whose logits are computed
  };
  /// Rows of one run that lie in one page: written by one thread.
  struct StoreItem {
    uint32_t run, first, last;
  };
  /// Rows of one run for some query heads of one key-value head; the first one's result is row `to`.
  /// A single row may be shared by several items, each with its part of the splits that the row
  /// sees: they leave these at `parts_at`, and whoever ends last (by counter `group`) joins them.
  struct AttendItem {
    uint32_t run, kv_head, first_query, queries, first, last, to;
    uint64_t cost;
    uint32_t part = 0, parts = 1, group = 0;
    size_t parts_at = 0;  ///< in floats
  };
  /// Groups of items that share a row, at most, and the room for their splits.
  struct PartLimits {
    uint32_t groups = 0;
    size_t floats = 0;
  };
  /// A row (of tail_rows) whose logits are computed, into slot `slot` of the logits buffer.
  struct LogitsRow {
    uint32_t row, slot;
  };
  /// What is done with a finished row of logits.
  struct Use {
    uint32_t slot;
    const SampleInput* sample;  ///< null: a prompt logprob
    text::TokenId next;
    uint32_t top;
    SampleOutput* output;
  };
  /// Rows of logits that are in memory at the same time.
  struct Block {
    uint32_t first_row, last_row, first_use, last_use;
    bool arg_max_only;  ///< of its logits nothing else is used
  };

  std::vector<text::TokenId> tokens;  ///< by row
  std::vector<uint32_t> positions;    ///< by row
  std::vector<Run> runs;
  std::vector<StoreItem> stores;
  std::vector<AttendItem> attends;
  std::vector<AttendItem> tail_attends;  ///< the same for tail_rows alone, if these are not all rows
  std::vector<uint32_t> tail_rows;       ///< rows whose logits are computed, ascending: after the last attention no others matter
  std::vector<LogitsRow> logits_rows;
  std::vector<Use> uses;
  std::vector<Block> blocks;
  std::vector<uint32_t> slots;  ///< by run: its first logits slot if raw logits are wanted
  uint32_t rows = 0;

  void reserve(const StepLimits& limits, const kernels::AttentionShape& shape);
  /// Checks and flattens the rows. InvalidArgument or OutOfRange name the run and what is wrong.
  Result<void> flatten(const Step& step, const StepLimits& limits);
  /// Lists the attention items for layers of this shape. Where there are few for a team of `threads`, those
  /// of one row over a long context are shared by splits, within `part_limits`, and those left over are
  /// split by query head, if `split_queries` allows it. After plan_logits.
  void share_attention(const kernels::AttentionShape& shape, int threads, bool split_queries, const PartLimits& part_limits);
  /// Lists the rows that need logits, and their uses, whose outputs lie in `result`.
  Result<void> plan_logits(const Step& step, const StepLimits& limits, StepResult& result);

 private:
  void narrow();
  void share_attention(const kernels::AttentionShape& shape, int threads, bool split_queries, const PartLimits& part_limits,
                       bool wanted_only, std::vector<AttendItem>& items) const;
  bool share_splits(const kernels::AttentionShape& shape, int threads, const PartLimits& limits, std::vector<AttendItem>& items) const;
  std::vector<uint32_t> tail_index_;  // by row: its place in tail_rows
};

}  // namespace headrace::model
