#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "frame/expression.h"

namespace headrace::frame {

enum class JoinKind : uint8_t {
  Inner,
  Left,   ///< rows of the left side that find nothing too
  Right,  ///< of the right side
  Full,   ///< of both
  Semi,   ///< rows of the left side that find something, once
  Anti,   ///< and those that find nothing
  Cross,  ///< every row with every one; without keys
};
/// "inner", "left" ...
const char* name(JoinKind kind);

/// How many rows of the left and of the right side may have one key.
enum class JoinValidation : uint8_t { ManyToMany, ManyToOne, OneToMany, OneToOne };

struct JoinOptions {
  JoinKind kind = JoinKind::Inner;
  /// What the name of a right column gets that the left side has too.
  std::string suffix = "_right";
  bool nulls_equal = false;
  /// Whether the two columns of a key become one, of its left name but in right joins. Without: all but full joins have it so. Keys that
  /// are calculated are never in the result, and columns then never become one.
  std::optional<bool> coalesce{};
  JoinValidation validation = JoinValidation::ManyToMany;
  /// What rows that find one another have to fulfil beside: over the columns of the left side and those of the right, whose names get the
  /// suffix where the left side has them. With it a join needs no keys.
  std::optional<Expression> condition{};
};

/// The rows of the left side in their order, each with those of the right side in theirs that have equal keys, and after them, in right and
/// full joins, the rows of the right side that no row found, in their order. Keys are compared as the type that they have in common, NaN
/// equal to NaN, -0.0 to 0.0. InvalidArgument says which keys have no such type, what names would stand twice, and what validation found.
/// Without keys every row is tried with every one.
Result<DataFrame> join(const DataFrame& left, const DataFrame& right, std::span<const Expression> left_on,
                       std::span<const Expression> right_on,
                       const JoinOptions& options, const std::shared_ptr<MemoryBudget>& budget = process_budget());

/// The rows of both for which all conditions hold: over the columns of the left side and those of the right, whose names get the suffix
/// where the left side has them; all of these are the result's. Columns that are to be equal are looked up, and what else is said tried
/// with every row that they leave.
Result<DataFrame> join_where(const DataFrame& left, const DataFrame& right, std::span<const Expression> conditions, JoinKind kind,
                             const std::string& suffix,
                             const std::shared_ptr<MemoryBudget>& budget = process_budget());

}  // namespace headrace::frame
