#pragma once

#include "frame/sql/source.h"
#include "frame/sql/syntax.h"

namespace headrace::frame::sql {

/// The syntax tree of a query. InvalidArgument shows where it goes wrong and what is expected there; OutOfRange what is nested too deep.
Result<Script> parse(const Source& source);

/// The type of this name: "integer", "decimal(15, 2)"; digits follow in brackets. None if there is no such.
std::optional<DataType> type_named(const std::string& name, const std::vector<int>& digits);

}  // namespace headrace::frame::sql
