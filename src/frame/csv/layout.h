#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frame/csv.h"
#include "frame/csv/column_parser.h"
#include "frame/csv/input.h"
#include "frame/csv/row_stream.h"

namespace headrace::frame::csv {

/// What a scan reads, and how: the same for all of its files.
struct Layout {
  CsvOptions options;
  Dialect dialect;
  std::vector<std::string> file_names;  ///< of the columns, as the first file's header has them
  std::vector<ColumnFormat> columns;    ///< in the same order
  Schema schema;                        ///< in the order that was asked for

  Reading reading() const;
};

/// Finds columns and types in the first file.
Result<Layout> layout_of(const Input& input, const CsvOptions& options, const std::shared_ptr<MemoryBudget>& budget);

/// Where a file's rows begin, and where the layout's columns are in them.
struct Start {
  uint64_t offset = 0;         ///< bytes before them, of a file that is not packed
  uint64_t rows = 0;           ///< rows before them
  size_t columns = 0;          ///< fields of a row
  std::vector<size_t> places;  ///< of each of the layout's columns
};
/// Of another file: InvalidData if its header has not the layout's columns.
Result<Start> start_of(const Input& input, const Layout& layout, const std::shared_ptr<MemoryBudget>& budget);
/// The line on which a row begins, from 1 on; by reading all before it.
Result<uint64_t> line_of(const Input& input, const Layout& layout, const Start& start, uint64_t row,
                         const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame::csv
