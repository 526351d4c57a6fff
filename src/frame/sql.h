#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "frame/plan.h"

namespace headrace::frame {

/// Tables that a query may name; names are found whatever the case of their letters.
using SqlTables = std::map<std::string, Plan, std::less<>>;

/// Reads what a path in a query names: text with separators where it ends in .csv or .tsv (or these and .gz or .zst), dates found as DuckDB
/// does; else Parquet files. Files, folders and patterns as Plan::scan_parquet and scan_csv have them; all sources are of the first one's
/// kind.
Result<Plan> scan_files(std::span<const std::filesystem::path> sources);

/// The plan of a query: types and rules are DuckDB's. A table's name may be a path in quotes, for scan_files.
/// Statements before the last one are views: `create view v as select …; select … from v`. InvalidArgument, NotFound and Unsupported
/// name line and column and show the line. Rows have no order but that of ORDER BY.
Result<Plan> sql_plan(std::string_view query, const SqlTables& tables = {});

}  // namespace headrace::frame
