#include "frame/plan/optimise/cardinality.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/file.h"
#include "frame/parquet/open_file.h"
#include "frame/parquet/statistics.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame {
namespace {

// Where nothing is known.
constexpr double kEqualText = 1.0 / 40, kRange = 0.3, kLike = 0.1, kUnknown = 0.25;
/// Of so many files the footers are read, the first ones.
constexpr size_t kMostFooters = 4;

std::optional<double> number_of(const Scalar& scalar) {
  if (scalar.is_null()) return std::nullopt;
  const DataType& type = scalar.type();
  if (type.is_float()) return scalar.as_float();
  if (type.id() == TypeId::Bool || type.id() == TypeId::String || type.id() == TypeId::Binary ||
      type.id() == TypeId::Categorical) return std::nullopt;
  const auto whole = static_cast<double>(scalar.as_whole());
  return type.id() == TypeId::Decimal ? whole / std::pow(10.0, type.scale()) : whole;
}

std::optional<double> number_at(const parquet::Leaf& leaf, const std::optional<std::string>& bytes) {
  const auto array = parquet::bound_of(leaf, bytes);
  if (!array) return std::nullopt;
  const auto scalar = Scalar::at(*array, 0);
  return scalar ? number_of(*scalar) : std::nullopt;
}

/// How many values the dictionary of a column's first pages has; none without one.
std::optional<double> dictionary_size(const File& file, const parquet::ColumnChunk& chunk) {
  constexpr size_t kLongestHeader = 64;
  std::array<std::byte, kLongestHeader> bytes;
  if (chunk.first_page < 0 || !file.read_at(static_cast<uint64_t>(chunk.first_page), bytes)) return std::nullopt;
  size_t size = 0;
  const auto header = parquet::parse_page_header(bytes, size);
  if (!header || header->kind != parquet::PageHeader::Kind::Dictionary) return std::nullopt;
  return static_cast<double>(header->values);
}

const ColumnEstimate* column_of(const Expression& expression, const Estimate& estimate) {
  const Expression& bare = without_alias(expression);
  const auto* column = std::get_if<Expression::Column>(&bare.kind());
  if (column == nullptr) return nullptr;
  const auto found = estimate.columns.find(column->name);
  return found == estimate.columns.end() ? nullptr : &found->second;
}

const Scalar* literal_of(const Expression& expression) {
  const auto* literal = std::get_if<Expression::Literal>(&without_alias(expression).kind());
  return literal == nullptr ? nullptr : &literal->value;
}

bool is_text(const Scalar& scalar) { return scalar.type().id() == TypeId::String; }

/// Of a column's values, those below a number.
double part_below(const ColumnEstimate* column, const Scalar& limit) {
  const auto number = number_of(limit);
  if (column == nullptr || !number || !column->least || !column->greatest || *column->greatest <= *column->least) return kRange;
  return std::clamp((*number - *column->least) / (*column->greatest - *column->least), 0.0, 1.0);
}

double comparison(BinaryOperator op, const Expression& left, const Expression& right, const Estimate& estimate) {
  using enum BinaryOperator;
  const Scalar* literal = literal_of(right);
  if (literal == nullptr && literal_of(left) != nullptr) {
    const BinaryOperator turned = op == Less ? Greater : op == Greater ? Less : op == LessEqual ? GreaterEqual
        : op == GreaterEqual ? LessEqual : op;
    return comparison(turned, right, left, estimate);
  }
  const ColumnEstimate* column = column_of(left, estimate);
  if (op == Equal || op == EqualMissing) {
    const bool is_known = column != nullptr && column->distinct > 0;
    if (literal != nullptr && is_text(*literal) && !is_known) return std::max(kEqualText, 1 / std::max(estimate.base_rows, 1.0));
    return 1 / std::max({1.0, estimate.distinct_of(left), literal == nullptr ? estimate.distinct_of(right) : 1.0});
  }
  if (op == NotEqual || op == NotEqualMissing) return 0.9;
  if (literal == nullptr) return 0.5;
  if (op == Less || op == LessEqual) return part_below(column, *literal);
  const double below = part_below(column, *literal);
  return column != nullptr && column->least ? 1 - below : kRange;
}

}  // namespace

double Estimate::distinct_of(const Expression& key) const {
  const ColumnEstimate* column = column_of(key, *this);
  if (column == nullptr || column->distinct <= 0) return std::max(rows, 1.0);
  return std::clamp(column->distinct, 1.0, std::max(rows, 1.0));
}

double Cardinality::selectivity(const Expression& condition, const Estimate& estimate) {
  const Expression& bare = without_alias(condition);
  const auto of = [&](size_t input) { return selectivity(bare.inputs()[input], estimate); };
  if (const auto* binary = std::get_if<Expression::Binary>(&bare.kind())) {
    if (binary->op == BinaryOperator::And) return of(0) * of(1);
    if (binary->op == BinaryOperator::Or) return 1 - (1 - of(0)) * (1 - of(1));
    if (binary->op <= BinaryOperator::NotEqualMissing && binary->op >= BinaryOperator::Equal) {
      return comparison(binary->op, bare.inputs()[0], bare.inputs()[1], estimate);
    }
  }
  if (const auto* unary = std::get_if<Expression::Unary>(&bare.kind())) {
    if (unary->op == UnaryOperator::Not) return 1 - of(0);
    if (unary->op == UnaryOperator::IsNull) return 0.05;
    if (unary->op == UnaryOperator::IsNotNull) return 0.95;
  }
  if (const auto* function = std::get_if<Expression::Function>(&bare.kind())) {
    if (function->name == "is_in") {
      const ColumnEstimate* column = column_of(bare.inputs()[0], estimate);
      const double one = column != nullptr && column->distinct > 0 ? 1 / column->distinct : kEqualText;
      return std::min(0.9, one * static_cast<double>(function->options.size() - 1));
    }
    if (function->name.starts_with("str.")) return kLike;
  }
  return kUnknown;
}

Estimate Cardinality::whole_scan(const PlanNode::ScanParquet& scan) {
  Estimate made;
  size_t read = 0;
  for (const auto& path : *scan.files) {
    if (read == kMostFooters) break;
    const auto file = parquet::OpenFile::open(path, process_budget(), false);
    if (!file) continue;
    ++read;
    const auto bytes = File::open(path);
    made.rows += static_cast<double>((*file)->metadata().rows);
    for (size_t i = 0; i < (*file)->schema().size(); ++i) {
      const parquet::Leaf& leaf = (*file)->leaf(i);
      if (!leaf.lists.empty()) continue;
      ColumnEstimate& column = made.columns[(*file)->schema()[i].name];
      const bool is_text = (*file)->schema()[i].type.id() == TypeId::String && !(*file)->metadata().row_groups.empty();
      if (is_text && bytes) {
        const parquet::RowGroup& group = (*file)->metadata().row_groups.front();
        const auto values = dictionary_size(*bytes, group.columns[leaf.chunk]);
        // Of a dictionary that has nearly every row's value, other row groups have others.
        const bool repeats = values && *values < static_cast<double>(group.rows) / 2;
        column.distinct = std::max(column.distinct, repeats ? *values : 0);
      }
      for (const parquet::RowGroup& group : (*file)->metadata().row_groups) {
        const parquet::Statistics& statistics = group.columns[leaf.chunk].statistics;
        const auto least = number_at(leaf, statistics.least), greatest = number_at(leaf, statistics.greatest);
        if (least) column.least = std::min(column.least.value_or(*least), *least);
        if (greatest) column.greatest = std::max(column.greatest.value_or(*greatest), *greatest);
      }
    }
  }
  if (read > 0) made.rows *= static_cast<double>(scan.files->size()) / static_cast<double>(read);
  made.base_rows = made.rows;
  for (auto& [name, column] : made.columns) {
    const auto index = scan.columns.index_of(name);
    const bool is_whole = index && (scan.columns[*index].type.is_integer() || scan.columns[*index].type.id() == TypeId::Date);
    if (is_whole && column.least && column.greatest) column.distinct = std::min(made.rows, *column.greatest - *column.least + 1);
  }
  return made;
}

Estimate Cardinality::of_scan(const PlanNode& node, const PlanNode::ScanParquet& scan) {
  auto known = scans_.find(scan.files.get());
  if (known == scans_.end()) known = scans_.emplace(scan.files.get(), whole_scan(scan)).first;
  Estimate made = known->second;
  for (const Expression& condition : scan.conditions) made.rows *= selectivity(condition, known->second);
  if (scan.size != UINT64_MAX) made.rows = std::min(made.rows, static_cast<double>(scan.size));
  std::erase_if(made.columns, [&](const auto& column) { return !node.schema.index_of(column.first); });
  return made;
}

Estimate Cardinality::of_project(const PlanNode& node, const PlanNode::Project& project) {
  const Estimate input = of(node.input());
  Estimate made{.rows = input.rows, .base_rows = input.base_rows};
  for (size_t i = 0; i < project.expressions.size(); ++i) {
    if (const ColumnEstimate* column = column_of(project.expressions[i], input)) made.columns[node.schema[i].name] = *column;
  }
  return made;
}

Estimate Cardinality::of_groups(const PlanNode& node, const PlanNode::GroupBy& group_by) {
  const Estimate input = of(node.input());
  double groups = 1;
  for (const Expression& key : group_by.keys) groups *= input.distinct_of(key);
  // All keys are seldom there in all combinations.
  if (group_by.keys.size() > 1) groups = std::min(groups, input.rows * 0.7);
  Estimate made{.rows = std::max(1.0, std::min(groups, input.rows))};
  made.base_rows = made.rows;
  for (size_t i = 0; i < group_by.keys.size(); ++i) {
    if (const ColumnEstimate* column = column_of(group_by.keys[i], input)) made.columns[node.schema[i].name] = *column;
  }
  return made;
}

Estimate Cardinality::of_join(const PlanNode& node, const PlanNode::Join& join) {
  const Estimate left = of(*node.inputs[0]), right = of(*node.inputs[1]);
  double found = left.rows * right.rows;
  for (size_t i = 0; i < join.left_on.size(); ++i) {
    found /= std::max(left.distinct_of(join.left_on[i]), right.distinct_of(join.right_on[i]));
  }
  if (join.options.condition) found *= kRange;
  Estimate made{.rows = found, .columns = left.columns};
  using enum JoinKind;
  const JoinKind kind = join.options.kind;
  if (kind == Left) made.rows = std::max(found, left.rows);
  if (kind == Right) made.rows = std::max(found, right.rows);
  if (kind == Full) made.rows = std::max(found, left.rows + right.rows);
  if (kind == Semi) made.rows = std::min(left.rows, found);
  if (kind == Anti) made.rows = std::max(left.rows - found, left.rows * 0.1);
  if (kind != Semi && kind != Anti) made.columns.insert(right.columns.begin(), right.columns.end());
  made.base_rows = std::max(made.rows, left.base_rows);
  return made;
}

Estimate Cardinality::of(const PlanNode& node) {
  if (const auto* scan = std::get_if<PlanNode::ScanParquet>(&node.kind)) return of_scan(node, *scan);
  if (const auto* join = std::get_if<PlanNode::Join>(&node.kind)) return of_join(node, *join);
  if (const auto* group_by = std::get_if<PlanNode::GroupBy>(&node.kind)) return of_groups(node, *group_by);
  if (const auto* project = std::get_if<PlanNode::Project>(&node.kind)) return of_project(node, *project);
  if (const auto* scan = std::get_if<PlanNode::ScanFrame>(&node.kind)) {
    const auto rows = static_cast<double>(scan->frame.height());
    return {.rows = rows, .base_rows = rows};
  }
  Estimate made = of(node.input());
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node.kind)) {
    const Estimate input = made;
    for (const Expression& condition : filter->conditions) made.rows *= selectivity(condition, input);
  }
  if (const auto* slice = std::get_if<PlanNode::Slice>(&node.kind)) made.rows = std::min(made.rows, static_cast<double>(slice->size));
  if (const auto* sort = std::get_if<PlanNode::Sort>(&node.kind)) made.rows = std::min(made.rows, static_cast<double>(sort->limit));
  for (size_t i = 1; i < node.inputs.size(); ++i) made.rows += of(*node.inputs[i]).rows;
  return made;
}

}  // namespace headrace::frame
