#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frame/csv.h"
#include "frame/data_frame.h"
#include "frame/expression.h"
#include "frame/group_by.h"
#include "frame/join.h"
#include "frame/sort.h"

namespace headrace::frame {

struct PlanNode;

/// What is to be read and calculated, step by step; nothing is done before it is collected. Immutable; copies share. Every step
/// checks names and types at once: its errors are those of binding expressions.
class Plan {
 public:
  /// A frame in memory.
  static Plan scan(DataFrame frame);

  struct ParquetOptions {
    std::optional<std::vector<std::string>> columns{};  ///< all, if none are named
    std::optional<bool> hive_partitioning{};  ///< folders called name=value are columns; if not said: of folders that are scanned
    std::map<std::string, DataType> hive_schema{};       ///< types of such columns, which are found otherwise
    bool try_parse_hive_dates = true;
    std::optional<std::string> include_file_paths{};  ///< a last column of this name has each row's file
  };
  /// Files, folders (all *.parquet below them) and patterns with * ? [] and **, in the order given, those of a pattern or a folder by
  /// name. The first one's footer is read; the others must have its columns. NotFound if a pattern fits nothing.
  static Result<Plan> scan_parquet(std::span<const std::filesystem::path> sources, const ParquetOptions& options);

  /// Text with separators: files, folders (all *.csv below them) and patterns as above (unless options say that names are no patterns),
  /// or bytes. The first one's header is read, and rows for the columns' types; the others must have its columns.
  static Result<Plan> scan_csv(std::span<const CsvInput> sources, const CsvOptions& options);

  /// The columns of the result.
  const Schema& schema() const;

  /// One column for each expression; of one row if none of them has a column outside of an aggregate.
  Result<Plan> select(std::span<const Expression> expressions) const;
  /// All columns, those of equal names replaced, new ones behind them.
  Result<Plan> with_columns(std::span<const Expression> expressions) const;
  /// Without these columns. NotFound unless they exist.
  Result<Plan> drop(std::span<const std::string> names) const;
  /// With other names for some columns.
  Result<Plan> rename(const std::map<std::string, std::string>& names) const;
  /// The rows where the condition is true, and neither false nor null.
  Result<Plan> filter(const Expression& condition) const;
  /// Rows [offset, offset + size), as far as there are such; an offset below zero counts from the end.
  Plan slice(int64_t offset, uint64_t size) const;
  /// A first column with the numbers of the rows, UInt32, from `offset` on.
  Result<Plan> with_row_index(const std::string& name, uint64_t offset) const;
  /// The rows in the order of the keys, of equal ones in the order that they have; of them the first `limit`.
  Result<Plan> sort(std::span<const SortBy> by, uint64_t limit = UINT64_MAX) const;
  /// As group_by() of frames has it.
  Result<Plan> group_by(std::span<const Expression> keys, std::span<const Expression> expressions) const;
  /// As unique() of frames has it.
  Result<Plan> unique(std::span<const std::string> subset, Keep keep) const;
  /// As join() of frames has it.
  Result<Plan> join(const Plan& right, std::span<const Expression> left_on, std::span<const Expression> right_on,
                    const JoinOptions& options) const;
  /// The same rows in any order: joins below may be made in another order than they are written in.
  Plan in_any_order() const;
  /// One after the other; all of one schema.
  static Result<Plan> concat(std::span<const Plan> plans);

  /// The same result by less work.
  Plan optimised() const;
  /// The steps as text, the last one first.
  std::string explain() const;

  explicit Plan(std::shared_ptr<const PlanNode> node) : node_(std::move(node)) {}
  const std::shared_ptr<const PlanNode>& node() const { return node_; }

 private:
  std::shared_ptr<const PlanNode> node_;
};

struct QueryOptions {
  uint64_t memory_bytes = MemoryBudget::kUnlimited;  ///< of all that the query has in memory, its result with it; also HEADRACE_MEMORY's
  std::optional<std::filesystem::path> spill_folder{};  ///< on a disk; else HEADRACE_SPILL_DIR, or /var/tmp or /tmp
  uint64_t spill_bytes = MemoryBudget::kUnlimited;       ///< of what steps may put there, if memory has a limit
  size_t threads = 0;                                ///< at most; 0: all of the pool
  bool optimise = true;
  std::shared_ptr<const std::atomic<bool>> cancelled{};  ///< ends the query with Cancelled as soon as it is true
};

/// Runs a plan, in parallel. Rows come in the plan's order, whatever the number of threads. OutOfMemory says what to do about it.
Result<DataFrame> collect(const Plan& plan, const QueryOptions& options = {});

/// What a step of a query did.
struct StepProfile {
  std::string step;
  uint64_t rows = 0;         ///< that it gave
  uint64_t bytes = 0;        ///< of them
  uint64_t nanoseconds = 0;  ///< of all threads
  uint64_t spilled = 0;      ///< bytes that it put on disk, because the memory was too small for it
};
struct Profile {
  DataFrame result;
  std::vector<StepProfile> steps;
};
/// The same, and what every step of it took.
Result<Profile> profile(const Plan& plan, const QueryOptions& options = {});

/// A result piece by piece: no more is calculated ahead than a part of the memory holds.
class Batches {
 public:
  /// `rows`: of a piece, at most.
  Batches(const Plan& plan, const QueryOptions& options, size_t rows);
  ~Batches();
  Batches(Batches&&) noexcept;
  Batches& operator=(Batches&&) noexcept;

  /// The next rows; none at the end, or after an error.
  Result<std::optional<DataFrame>> next();
  /// The query's. After the first rows only.
  const std::shared_ptr<MemoryBudget>& budget() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headrace::frame
