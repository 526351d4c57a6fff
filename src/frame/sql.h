#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "frame/plan.h"

namespace headrace::frame {

/// Tables that a query may name; names are found whatever the case of their letters.
using SqlTables = std::map<std::string, Plan, std::less<>>;

/// The plan of a query: types and rules are DuckDB's. A table's name may be a path in quotes: a Parquet file, a folder or a pattern.
/// Statements before the last one are views: `create view v as select …; select … from v`. InvalidArgument, NotFound and Unsupported name
/// line and column and show the line. Rows have no order but that of ORDER BY.
Result<Plan> sql_plan(std::string_view query, const SqlTables& tables = {});

}  // namespace headrace::frame
