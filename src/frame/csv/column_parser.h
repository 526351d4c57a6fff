#pragma once

#include <string>
#include <vector>

#include "frame/csv/field_table.h"
#include "frame/data_frame.h"
#include "frame/executor/selection.h"

namespace headrace::frame::csv {

/// How values of all columns are read.
struct Reading {
  char point = '.';
  bool empty_is_null = true;
  bool ignores_errors = false;
  bool is_lossy = false;
};

/// A column as a file has it.
struct ColumnFormat {
  Field field;
  std::vector<std::string> nulls{};  ///< what means null, beside an empty field
};

/// Unsupported names a type that text is not read as.
Result<void> check_type(const Field& field);
/// A column's values in the rows that are selected. Of a text column they lie where the text lies; quotes are taken out there, so that a
/// field is parsed once.
Result<Array> parse_column(const FieldTable& table, size_t column, const ColumnFormat& format, const Reading& reading,
                           const Selection& selection, const Fault& fault, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame::csv
