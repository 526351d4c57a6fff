#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frame/plan/node.h"

namespace headrace::frame {

/// What is thought of a column's values.
struct ColumnEstimate {
  double distinct = 0;                      ///< how many different ones
  std::optional<double> least{}, greatest{};  ///< of numbers and times
};

/// How many rows a step gives, and of what columns: guesses from footers, which nothing but speed depends on.
struct Estimate {
  double rows = 0;
  double base_rows = 0;  ///< before conditions
  std::map<std::string, ColumnEstimate, std::less<>> columns{};

  double distinct_of(const Expression& key) const;
};

/// Reads footers once for all steps of a plan.
class Cardinality {
 public:
  Estimate of(const PlanNode& node);
  /// Which part of the rows fulfils a condition.
  static double selectivity(const Expression& condition, const Estimate& estimate);

 private:
  Estimate of_scan(const PlanNode& node, const PlanNode::ScanParquet& scan);
  Estimate of_join(const PlanNode& node, const PlanNode::Join& join);
  Estimate of_groups(const PlanNode& node, const PlanNode::GroupBy& group_by);
  Estimate of_project(const PlanNode& node, const PlanNode::Project& project);
  Estimate whole_scan(const PlanNode::ScanParquet& scan);

  std::map<const void*, Estimate> scans_;
};

}  // namespace headrace::frame
