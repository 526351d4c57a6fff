#pragma once

#include <string>
#include <vector>

#include "frame/sql/values.h"

namespace headrace::frame::sql {

/// A function of rows by its name in SQL. NotFound if there is none such; errors say what is wrong without the place.
Result<Value> call_function(const Values& values, const std::string& name, const std::vector<Value>& inputs);

bool is_aggregate(const std::string& name);
/// An aggregate by its name in SQL: of rows where `filter` holds, if there is one. Its expression consists of aggregates; `input` is
/// nothing for count(*).
Result<Expression> aggregate(const Values& values, const std::string& name, const std::vector<Value>& inputs, bool distinct,
                             const std::optional<Value>& filter);
/// Whether it is 0 of no rows, and not null.
bool counts(const std::string& name);

}  // namespace headrace::frame::sql
