#include <algorithm>
#include <vector>

#include "frame/csv.h"
#include "frame/sql.h"

namespace headrace::frame {
namespace {

/// .csv, .tsv or what another file has.
std::filesystem::path ending_of(std::filesystem::path path) {
  if (path.extension() == ".gz" || path.extension() == ".zst") path.replace_extension();
  return path.extension();
}

}  // namespace

Result<Plan> scan_files(std::span<const std::filesystem::path> sources) {
  const std::filesystem::path ending = sources.empty() ? std::filesystem::path() : ending_of(sources.front());
  if (ending != ".csv" && ending != ".tsv") return Plan::scan_parquet(sources, {});
  CsvOptions options;
  options.separator = ending == ".tsv" ? '\t' : ',';
  options.try_parse_dates = true;
  const std::vector<CsvInput> inputs(sources.begin(), sources.end());
  return Plan::scan_csv(inputs, options);
}

}  // namespace headrace::frame
