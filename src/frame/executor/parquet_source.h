#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "frame/executor/query.h"
#include "frame/executor/selection.h"
#include "frame/executor/source.h"
#include "frame/parquet/open_file.h"
#include "frame/plan/node.h"

namespace headrace::frame {

/// The rows of Parquet files. Row groups of which statistics say that no row fulfils the conditions are left out; of the others the columns
/// of the conditions are read first, and the rest where rows are left.
class ParquetSource final : public Source {
 public:
  /// Where a column is that no file has, but its path.
  static constexpr size_t kOfPath = SIZE_MAX;
  /// A file, and where in it the columns are that are read. Files beyond the first hundred are opened again when their turn comes.
  struct Part {
    std::shared_ptr<const parquet::OpenFile> file;
    std::vector<size_t> columns{};
    uint64_t rows = 0;
  };
  /// Rows [begin, begin + size) of a row group.
  struct Stretch {
    size_t part = 0, group = 0;
    uint64_t begin = 0, size = 0, first_row = 0;
  };

  /// The errors are those of binding the conditions.
  static Result<std::unique_ptr<ParquetSource>> make(const PlanNode& node, const PlanNode::ScanParquet& scan, const Query& query);

  Result<void> open() override;
  size_t tasks() const override { return stretches_.size(); }
  Result<std::unique_ptr<SourceTask>> begin(size_t task) override;
  uint64_t rows() const override { return rows_; }

  /// A key of a join above, of which only rows are given that may find something there.
  struct Key {
    size_t column;
    BoundExpression value;
    std::shared_ptr<KeyFilter> filter;
  };
  const Conditions& conditions() const { return conditions_; }
  const std::vector<Key>& keys() const { return keys_; }
  /// How many of the columns that are read are given on: the first ones.
  size_t width() const { return width_; }
  const std::shared_ptr<MemoryBudget>& budget() const { return query_.budget; }
  /// So many times the value of a column that is of a file's path.
  Result<Array> of_path(size_t part, size_t column, size_t rows) const;

 private:
  Result<void> add_keys(const PlanNode& node);
  /// Conditions that the least and the greatest values of keys make.
  std::vector<Expression> bounds_of_keys() const;
  ParquetSource(const PlanNode::ScanParquet& scan, Schema read, size_t width, Conditions conditions, const Query& query)
      : scan_(scan), read_(std::move(read)), width_(width), conditions_(std::move(conditions)), query_(query) {}
  /// Finds which conditions read columns of paths alone, or none.
  Result<void> split_conditions();
  Result<void> open_files();
  Result<Part> open_file(const std::filesystem::path& path, bool stays_open) const;
  Result<void> check_schema(const parquet::OpenFile& file) const;
  /// Whether a file's path alone says that none of its rows fulfils the conditions.
  bool rules_out(size_t file) const;
  void add_stretches(size_t part, uint64_t begin, uint64_t end, uint64_t first_row);
  /// Few stretches are cut, so that all threads have one.
  void cut_stretches();

  PlanNode::ScanParquet scan_;
  Schema read_;
  size_t width_;
  Conditions conditions_;
  Conditions of_paths_{};                   ///< those that read nothing else
  std::vector<Expression> of_rows_{};       ///< those that read no such column
  std::vector<Key> keys_;
  const Query& query_;
  std::vector<Part> parts_;
  std::vector<Stretch> stretches_;
  uint64_t rows_ = 0;
};

}  // namespace headrace::frame
