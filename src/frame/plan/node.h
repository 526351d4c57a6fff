#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "frame/plan.h"

namespace headrace::frame {

namespace csv {
struct Layout;
}

using PlanNodePointer = std::shared_ptr<const PlanNode>;

/// A step of a plan, with the columns that it gives.
struct PlanNode {
  /// Its columns are the schema's.
  struct ScanFrame { DataFrame frame; };
  /// The rows [offset, offset + size) of all files, those of them where all conditions hold, one condition tried after the other. The
  /// conditions may read columns that the schema has not.
  struct ScanParquet {
    /// Columns that have one value for each file: from the names of its folders, or its own.
    struct FileColumns {
      Schema schema;
      std::vector<std::vector<Scalar>> values;  ///< by file, then by column
    };
    std::shared_ptr<const std::vector<std::filesystem::path>> files;
    Schema columns;             ///< of every file
    bool allows_others = false; ///< whether files may have more
    std::shared_ptr<const FileColumns> by_file{};
    std::vector<Expression> conditions{};
    int64_t offset = 0;  ///< below zero: from the end
    uint64_t size = UINT64_MAX;
  };
  /// The same of text with separators; a scan of several inputs is not sliced, and no slice is from the end.
  struct ScanCsv {
    std::shared_ptr<const std::vector<CsvInput>> inputs;
    std::shared_ptr<const csv::Layout> layout;
    std::vector<Expression> conditions{};
    int64_t offset = 0;
    uint64_t size = UINT64_MAX;
  };
  /// Rows where all conditions hold; no condition is calculated where one before it does not hold, if it can fail.
  struct Filter { std::vector<Expression> conditions; };
  /// One expression for each column of the schema; one at least is of rows, or the input has one row.
  struct Project { std::vector<Expression> expressions; };
  struct Slice { int64_t offset; uint64_t size; };
  /// The numbers of the rows, as the first column.
  struct RowIndex { uint64_t offset; };
  struct Concat {};
  struct Sort {
    std::vector<SortBy> by;
    uint64_t limit = UINT64_MAX;
  };
  /// Of its first input, the left side, with the second.
  struct Join {
    std::vector<Expression> left_on, right_on;
    JoinOptions options;
  };
  /// A row for each key; without keys one of all rows.
  struct GroupBy { std::vector<Expression> keys, expressions; };
  struct Unique {
    std::vector<std::string> subset;
    Keep keep;
  };
  /// The rows in whichever order is quickest: nobody above asks for one.
  struct AnyOrder {};
  using Kind =
      std::variant<ScanFrame, ScanParquet, ScanCsv, Filter, Project, Slice, RowIndex, Concat, Sort, Join, GroupBy, Unique, AnyOrder>;

  Kind kind;
  std::vector<PlanNodePointer> inputs;
  Schema schema;

  const PlanNode& input() const { return *inputs.front(); }
};

inline PlanNodePointer make_node(PlanNode::Kind kind, std::vector<PlanNodePointer> inputs, Schema schema) {
  return std::make_shared<const PlanNode>(std::move(kind), std::move(inputs), std::move(schema));
}
/// The same step over other inputs, which have its inputs' schemas.
inline PlanNodePointer with_inputs(const PlanNode& node, std::vector<PlanNodePointer> inputs) {
  return make_node(node.kind, std::move(inputs), node.schema);
}
/// Whether an aggregate stands in it, so that it is of all rows of the input and not of each.
bool is_of_all_rows(const PlanNode& node);
/// The types of the expressions' columns under their names.
Result<Schema> schema_of(std::span<const Expression> expressions, const Schema& input);
/// Bound, of type Bool or Null; InvalidArgument otherwise.
Result<void> check_condition(const Expression& condition, const Schema& input);

/// One step as explain() writes it, without its inputs.
std::string to_string(const PlanNode& node);

}  // namespace headrace::frame
