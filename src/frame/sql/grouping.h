#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frame/sql/planner.h"

namespace headrace::frame::sql {

/// How rows are grouped: what expressions over groups are made of.
struct Planner::Grouping {
  Relation* input = nullptr;  ///< before they are
  struct Key {
    Expression expression;
    std::string id;
    bool nullable;
  };
  std::vector<Key> keys{};
  struct Aggregate {
    Expression expression;
    std::string id;
    bool counts;
  };
  std::vector<Aggregate> aggregates{};
};

}  // namespace headrace::frame::sql
