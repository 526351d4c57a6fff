#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headrace::frame {

/// What is joined, as the order is found for it: rows, and what they have in common.
struct JoinGraph {
  using Set = uint32_t;  ///< of relations, a bit each

  struct Relation {
    double rows = 1;
    double base_rows = 1;  ///< before conditions
    Set needs = 0;         ///< of a semi or an anti join's right side: the relations that its keys read; it is joined behind them
    double keeps = 1;      ///< of such a one: which part of the rows stays
  };
  /// A value that relations have in common, a column of each: all of them are to be equal.
  struct Class {
    struct Member {
      size_t relation;
      double distinct;
    };
    std::vector<Member> members;
  };
  /// A condition on several relations: what it leaves.
  struct Condition {
    Set reads;
    double selectivity;
  };
  std::vector<Relation> relations;
  std::vector<Class> classes;
  std::vector<Condition> conditions;
};

/// A tree of joins: rows of the left side look up the right one, which is kept.
struct JoinTree {
  struct Step {
    JoinGraph::Set left = 0, right = 0;  ///< none: a relation
  };
  std::vector<Step> steps;  ///< by set of relations
};

/// More relations than this are left as they are.
inline constexpr size_t kMostJoined = 12;

/// The tree that costs least, by the estimates. Of two relations at least, and no more than kMostJoined.
JoinTree best_order(const JoinGraph& graph);

}  // namespace headrace::frame
