#pragma once

#include <memory>
#include <string>

#include "frame/array.h"
#include "frame/sink.h"

namespace headrace::frame {

/// A value as text, where Polars prints it so: 1.0, 1e+16, inf, NaN.
void append_float(double value, std::string& out);
void append_float(float value, std::string& out);

/// Writes the cells of a column as text with separators has them.
class CellWriter {
 public:
  virtual ~CellWriter() = default;
  /// Cells come from this array from now on.
  virtual void begin(const Array& array) = 0;
  virtual void append(size_t row, std::string& out) const = 0;
};

/// Unsupported names the column if its type has no such text; InvalidArgument, if a format does not fit it.
Result<std::unique_ptr<CellWriter>> cell_writer_of(const Field& field, const CsvWriteOptions& options);
/// A text cell, in quotes where the style asks for them.
void append_text(std::string_view text, const CsvWriteOptions& options, std::string& out);

}  // namespace headrace::frame
