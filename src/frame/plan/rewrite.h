#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "frame/expression.h"

namespace headrace::frame {

// Expressions taken apart and put together again.

bool has_column(const Expression& expression);
/// The names of the columns that it reads.
void add_columns(const Expression& expression, std::set<std::string, std::less<>>& names);
/// Without the names that it is given on the outside.
const Expression& without_alias(const Expression& expression);
/// The conditions that `and` joins.
void split(const Expression& condition, std::vector<Expression>& parts);
/// All of them together; there must be one.
Expression all_of(const std::vector<Expression>& conditions);
/// With every column replaced by what `of` gives for its name; none if it gives nothing for one of them.
std::optional<Expression> substitute(const Expression& expression, const std::function<std::optional<Expression>(std::string_view)>& of);
/// With what is made of literals alone calculated, and logic with true and false made short. What fails stays as it is.
Expression folded(const Expression& expression);

}  // namespace headrace::frame
