#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/memory_budget.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/print_json.h"
#include "frame/sink.h"
#include "frame/sql.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
QUERY is SQL as DuckDB writes it; without it, it is --file or else standard input.
A table is a file, a folder or a pattern in single quotes, or one named by --table.

Examples:
  headrace sql "select count(*) from 'logs/*.parquet'"
  headrace sql --table lineitem=tpch/lineitem.parquet --table orders=tpch/orders.parquet -f q4.sql
  headrace sql --memory 256MiB --json "from 'x.parquet' limit 3"
  headrace sql -o days.parquet "select day, sum(kwh) from 'power/*.csv' group by day"
  headrace sql --explain "select a from 'x.parquet' where b > 1")";

struct SqlOptions {
  std::string query;
  std::string file;
  std::vector<std::string> tables;
  std::string memory;
  std::string output;
  size_t threads = 0;
  size_t limit = 20;
  bool explain = false;
  bool json = false;
};

Result<std::string> query_of(const SqlOptions& options) {
  if (!options.query.empty()) return options.query;
  if (options.file.empty() || options.file == "-") return read_standard_input();
  return read_file(options.file);
}

Result<frame::SqlTables> tables_of(const SqlOptions& options) {
  frame::SqlTables tables;
  for (const std::string& given : options.tables) {
    const size_t equals = given.find('=');
    if (equals == 0 || equals == given.npos) {
      return fail(ErrorKind::InvalidArgument, fmt::format("--table takes name=path, and {:?} is none.", given), given);
    }
    const std::filesystem::path path[] = {given.substr(equals + 1)};
    HR_TRY(frame::Plan plan, frame::scan_files(path));
    tables.insert_or_assign(given.substr(0, equals), std::move(plan));
  }
  return tables;
}

size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  constexpr size_t kWide = 120;
  return kWide;
}

/// Calls run with options that Ctrl-C cancels.
template <class Run>
auto run_cancellably(frame::QueryOptions options, Run&& run) {
  const InterruptGuard guard;
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  options.cancelled = cancelled;
  const std::jthread watch([&](const std::stop_token& stop) {
    constexpr auto kOften = std::chrono::milliseconds(20);
    while (!stop.stop_requested()) {
      if (InterruptGuard::interrupted()) *cancelled = true;
      std::this_thread::sleep_for(kOften);
    }
  });
  return run(options);
}

/// Writes all rows to the file, as its ending says.
Result<void> write_rows(const frame::Plan& plan, const std::filesystem::path& file, const frame::QueryOptions& options) {
  using Compression = frame::CsvWriteOptions::Compression;
  const std::filesystem::path packing = file.extension();
  frame::CsvWriteOptions csv;
  std::filesystem::path ending = packing;
  if (packing == ".gz" || packing == ".zst") {
    csv.compression = packing == ".gz" ? Compression::Gzip : Compression::Zstd;
    ending = file.stem().extension();
  }
  if (ending == ".tsv") csv.separator = '\t';
  if (ending == ".csv" || ending == ".tsv") return frame::write_csv(plan, file, csv, options);
  if (file.extension() == ".parquet") return frame::write_parquet(plan, file, {}, options);
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{:?} does not say what to write: name a file .parquet, .csv or .tsv (or .csv.gz, .csv.zst).", file.string()),
              file.string());
}

nlohmann::ordered_json value_json(const frame::Array& array, size_t row) {
  if (!array.is_valid(row)) return nullptr;
  const auto scalar = frame::Scalar::at(array, row);
  if (!scalar) return frame::to_text(array, row);
  const frame::DataType& type = scalar->type();
  if (type.id() == frame::TypeId::Bool) return scalar->as_bool();
  if (type.is_float()) return scalar->as_float();
  if (type.is_unsigned_integer()) return static_cast<uint64_t>(scalar->as_whole());
  if (type.is_integer()) return static_cast<int64_t>(scalar->as_whole());
  if (type.id() == frame::TypeId::String) return scalar->as_bytes();
  return frame::to_text(array, row);
}

/// A line of JSON a row.
void print_rows(const frame::DataFrame& result) {
  for (size_t begin = 0; begin < result.height();) {
    size_t size = result.height() - begin;
    std::vector<frame::Column> parts;
    for (const frame::Column& column : result.columns()) {
      parts.push_back(column.slice(begin, size));
      size = std::min(size, parts.back().chunks().front().size());
    }
    for (size_t row = 0; row < size; ++row) {
      nlohmann::ordered_json line;
      for (size_t i = 0; i < parts.size(); ++i) line[result.schema()[i].name] = value_json(parts[i].chunks().front(), row);
      print_json(line);
    }
    begin += size;
  }
}

Result<int> run(SqlOptions& options) {
  HR_TRY(const std::string query, query_of(options));
  HR_TRY(const frame::SqlTables tables, tables_of(options));
  HR_TRY(const frame::Plan plan, frame::sql_plan(query, tables));
  if (options.explain) {
    fmt::print("{}\n", plan.optimised().explain());
    return 0;
  }
  frame::QueryOptions query_options{.threads = options.threads};
  if (!options.memory.empty()) {
    HR_TRY(query_options.memory_bytes, parse_bytes(options.memory));
  }
  if (!options.output.empty()) {
    const auto write = [&](const frame::QueryOptions& cancellable) { return write_rows(plan, options.output, cancellable); };
    HR_CHECK(run_cancellably(query_options, write));
    return 0;
  }
  const auto collect = [&](const frame::QueryOptions& cancellable) { return frame::collect(plan, cancellable); };
  HR_TRY(const frame::DataFrame result, run_cancellably(query_options, collect));
  if (options.json) {
    print_rows(result);
  } else {
    fmt::print("{}\n", frame::to_text(result, {.rows = options.limit, .width = terminal_width()}));
  }
  return 0;
}

}  // namespace

void add_sql(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<SqlOptions>();
  CLI::App* command = add_command(app, chosen, "sql", "query Parquet and CSV files with SQL", options, run);
  command->footer(kFooter);
  command->add_option("query", options->query, "the query");
  command->add_option("-f,--file", options->file, "a file that holds the query; - is standard input");
  command->add_option("--table", options->tables, "a table's name and files, as name=path; may be repeated")->type_name("NAME=PATH");
  command->add_option("-o,--output", options->output, "write all rows to this file (.parquet, .csv), show none")->type_name("FILE");
  command->add_option("--memory", options->memory, "of all that the query has in memory, such as 256MiB")->type_name("BYTES");
  command->add_option("--threads", options->threads, "threads at most (default: one a CPU)")->check(CLI::PositiveNumber);
  command->add_option("--limit", options->limit, "rows shown of a longer result")->capture_default_str();
  command->add_flag("--explain", options->explain, "show the plan and do not run it");
  command->add_flag("--json", options->json, "print all rows, a line of JSON each");
}

}  // namespace headrace::cli
