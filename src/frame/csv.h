#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "frame/data_frame.h"

namespace headrace::frame {

/// Where text comes from: a file (packed by gzip or zstd too, which its first bytes tell), or "-" for what stands at the process's
/// input; or bytes in memory.
using CsvInput = std::variant<std::filesystem::path, Buffer>;

/// How text with separators is read; the names and meanings are those of Polars' scan_csv.
struct CsvOptions {
  bool has_header = true;
  char separator = ',';
  std::optional<char> quote_char = '"';
  char eol_char = '\n';
  std::string comment_prefix{};  ///< rows that begin so are none; empty: there are none
  uint64_t skip_rows = 0;        ///< before the header
  uint64_t skip_rows_after_header = 0;
  std::optional<std::vector<std::string>> new_columns{};  ///< other names, one for each column
  std::optional<std::vector<Field>> schema{};             ///< all columns, by name if there is a header; nothing is inferred
  std::map<std::string, DataType> schema_overrides{};
  std::optional<std::vector<DataType>> types{};  ///< one for each column, as schema_overrides by place
  std::vector<std::string> null_values{};        ///< what means null in any column
  std::map<std::string, std::string> null_value_of{};  ///< and in some columns
  bool empty_string_is_null = true;  ///< of a text column's empty field; "" never is
  bool ignore_errors = false;        ///< a value that its type does not have is null
  bool try_parse_dates = false;
  std::optional<uint64_t> infer_schema_length = 100;  ///< rows that types are found by; none: all, 0: all columns are text
  bool is_lossy = false;               ///< bytes that are no UTF-8 are replaced, and no error
  bool truncate_ragged_lines = false;  ///< fields beyond the last column are dropped
  bool decimal_comma = false;
  bool raise_if_empty = true;
  bool glob = true;
};

}  // namespace headrace::frame
