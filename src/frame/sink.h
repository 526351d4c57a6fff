#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "frame/plan.h"

namespace headrace::frame {

/// Where bytes are written: a file, which has its name when all of it is there and does not exist otherwise; or a call for each piece.
using WriteTarget = std::variant<std::filesystem::path, std::function<Result<void>(std::span<const std::byte>)>>;

enum class QuoteStyle : uint8_t { Necessary, Always, NonNumeric, Never };
/// "necessary", "always", "non_numeric" or "never"; InvalidArgument for anything else.
Result<QuoteStyle> quote_style_of(std::string_view name);

/// How text with separators is written; the names and meanings are those of Polars' write_csv.
struct CsvWriteOptions {
  enum class Compression : uint8_t { None, Gzip, Zstd };
  bool include_bom = false;
  bool include_header = true;
  char separator = ',';
  std::string line_terminator = "\n";
  char quote_char = '"';
  QuoteStyle quote_style = QuoteStyle::Necessary;
  std::string null_value{};
  std::optional<std::string> datetime_format{}, date_format{};
  std::optional<bool> float_scientific{};
  std::optional<int> float_precision{};
  bool decimal_comma = false;
  Compression compression = Compression::None;
  std::optional<int> compression_level{};
};

struct ParquetWriteOptions {
  std::string compression = "zstd";  ///< or "snappy", "lz4" (raw), "gzip", "uncompressed"
  std::optional<int> compression_level{};
  bool statistics = true;                     ///< least, greatest and nulls of each chunk
  uint64_t row_group_rows = uint64_t{1} << 18;  ///< at most; fewer where rows are long
  uint64_t page_bytes = uint64_t{1} << 20;      ///< about, before packing
};

/// Runs a plan and writes its rows in order, some at a time: the result is never whole in memory.
Result<void> write_csv(const Plan& plan, const WriteTarget& target, const CsvWriteOptions& options = {}, const QueryOptions& query = {});
/// The same; every type but Duration, Categorical as text.
Result<void> write_parquet(const Plan& plan, const WriteTarget& target, const ParquetWriteOptions& options = {},
                           const QueryOptions& query = {});

}  // namespace headrace::frame
