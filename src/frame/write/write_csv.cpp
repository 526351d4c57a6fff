#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/thread_pool.h"
#include "frame/parquet/write/compress.h"
#include "frame/write/cell_writer.h"
#include "frame/write/output.h"
#include "frame/write/sink_run.h"

namespace headrace::frame {
namespace {

using Compression = CsvWriteOptions::Compression;

/// Rows that a thread writes at a time, and those of a batch.
constexpr size_t kPieceRows = size_t{8} << 10, kBatchRows = size_t{64} << 10;

/// Each piece is a member, or a frame, of its own: together they are one file.
Result<std::string> packed(std::string text, const CsvWriteOptions& options) {
  if (options.compression == Compression::None) return text;
  const auto codec = options.compression == Compression::Gzip ? parquet::Codec::Gzip : parquet::Codec::Zstd;
  return parquet::compress(codec, options.compression_level, text);
}

/// About what a row becomes, at most but for numbers written without exponents and much that is quoted.
uint64_t bytes_of_text(const DataFrame& rows) {
  constexpr uint64_t kNumber = 24;
  uint64_t bytes = 0;
  for (const Column& column : rows.columns()) {
    const bool is_text = column.type().layout() == Layout::Views;
    bytes += rows.height() * (is_text ? 3 : kNumber);
    for (const Array& chunk : column.chunks()) bytes += is_text ? chunk.live_bytes() : 0;
  }
  return bytes;
}

class CsvWriter final : public FrameWriter {
 public:
  CsvWriter(const Schema& schema, const CsvWriteOptions& options, Output output)
      : schema_(schema), options_(options), output_(std::move(output)) {}

  Result<void> begin() {
    // Types and formats that do not fit are told before a row is calculated.
    HR_CHECK(cells());
    std::string head = options_.include_bom ? "\xEF\xBB\xBF" : "";
    if (options_.include_header) {
      for (size_t i = 0; i < schema_.size(); ++i) {
        if (i > 0) head += options_.separator;
        append_text(schema_[i].name, options_, head);
      }
      head += options_.line_terminator;
    }
    HR_TRY(const std::string out, packed(std::move(head), options_));
    return output_.write(out);
  }

  Result<void> write(const DataFrame& rows, const std::shared_ptr<MemoryBudget>& budget) override {
    const uint64_t bytes = bytes_of_text(rows);
    HR_TRY(const Reservation reservation, Reservation::take(budget, options_.compression == Compression::None ? bytes : 2 * bytes));
    const size_t pieces = (rows.height() + kPieceRows - 1) / kPieceRows;
    std::vector<Result<std::string>> texts(pieces);
    ThreadPool::process().parallel_for(pieces, 1, [&](size_t begin, size_t end) {
      for (size_t piece = begin; piece < end; ++piece) texts[piece] = text_of(rows.slice(piece * kPieceRows, kPieceRows));
    });
    for (const auto& text : texts) {
      HR_CHECK(text);
      HR_CHECK(output_.write(*text));
    }
    return {};
  }

  Result<void> finish() override { return output_.finish(); }

 private:
  Result<std::vector<std::unique_ptr<CellWriter>>> cells() const {
    std::vector<std::unique_ptr<CellWriter>> all;
    for (const Field& field : schema_.fields()) {
      HR_TRY(auto one, cell_writer_of(field, options_));
      all.push_back(std::move(one));
    }
    return all;
  }

  Result<std::string> text_of(const DataFrame& rows) const {
    HR_TRY(const auto cells, this->cells());
    std::string out;
    std::vector<size_t> chunk(cells.size()), left(cells.size()), at(cells.size());
    for (size_t row = 0; row < rows.height(); ++row) {
      for (size_t column = 0; column < cells.size(); ++column) {
        if (left[column] == 0) {
          const Array& next = rows.columns()[column].chunks()[chunk[column]++];
          cells[column]->begin(next);
          left[column] = next.size();
          at[column] = 0;
        }
        if (column > 0) out += options_.separator;
        cells[column]->append(at[column]++, out);
        --left[column];
      }
      out += options_.line_terminator;
    }
    return packed(std::move(out), options_);
  }

  Schema schema_;
  CsvWriteOptions options_;
  Output output_;
};

Result<void> check(const CsvWriteOptions& options) {
  const char point = options.decimal_comma ? ',' : '.';
  if (options.separator == options.quote_char || options.separator == '\n' || options.quote_char == '\n' || options.quote_char == point) {
    return fail(ErrorKind::InvalidArgument, "separator, quote_char, the point of numbers and the line's end must be different characters.");
  }
  if (options.line_terminator.empty()) return fail(ErrorKind::InvalidArgument, "line_terminator must have a character.");
  return {};
}

}  // namespace

Result<QuoteStyle> quote_style_of(std::string_view name) {
  if (name == "necessary") return QuoteStyle::Necessary;
  if (name == "always") return QuoteStyle::Always;
  if (name == "non_numeric") return QuoteStyle::NonNumeric;
  if (name == "never") return QuoteStyle::Never;
  return fail(ErrorKind::InvalidArgument,
              fmt::format("quote_style={:?} is not known; \"necessary\", \"always\", \"non_numeric\" and \"never\" are.", name));
}

Result<void> write_csv(const Plan& plan, const WriteTarget& target, const CsvWriteOptions& options, const QueryOptions& query) {
  HR_CHECK(check(options));
  HR_TRY(Output output, Output::open(target));
  CsvWriter writer(plan.schema(), options, std::move(output));
  HR_CHECK(writer.begin());
  return run_into(plan, query, kBatchRows, writer);
}

}  // namespace headrace::frame
