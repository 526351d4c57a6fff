#pragma once

#include <memory>
#include <optional>

#include "frame/csv/row_stream.h"
#include "frame/executor/csv_source.h"

namespace headrace::frame {

/// Reads rows of a part, some at a time.
class CsvTask : public SourceTask {
 public:
  /// `row`: the number of the text's first row in the part, `part_rows` rows of the parts before.
  CsvTask(const CsvSource& source, const CsvSource::Part& part, std::shared_ptr<const csv::Input> input, csv::Text text, uint64_t row,
          uint64_t part_rows);
  Result<std::optional<Morsel>> next() override;

 protected:
  /// More text once there is none; false at the end.
  virtual Result<bool> refill() { return false; }
  const csv::Input& input() const { return *input_; }
  csv::Text text_;

 private:
  /// The rows of the table that the scan's slice has.
  Selection wanted_rows(uint64_t first, size_t rows) const;
  Result<Chunk> parse(const Selection& wanted);
  Result<Array> parse(size_t column, const Selection& rows) const;

  const CsvSource& source_;
  const CsvSource::Part& part_;
  std::shared_ptr<const csv::Input> input_;
  uint64_t row_, part_rows_;
  uint64_t table_row_ = 0;  ///< the table's first row
  csv::FieldTable table_;
  csv::Reading reading_;
  csv::Fault fault_;
};

/// Of what must be read from its beginning: packed text, and text with comments, which are left out.
class SequentialCsvTask final : public CsvTask {
 public:
  static Result<std::unique_ptr<SourceTask>> make(const CsvSource& source, const CsvSource::Part& part,
                                                  std::shared_ptr<const csv::Input> input, uint64_t part_rows);

 protected:
  Result<bool> refill() override;

 private:
  SequentialCsvTask(const CsvSource& source, const CsvSource::Part& part, std::shared_ptr<const csv::Input> input, uint64_t part_rows,
                    csv::RowStream rows)
      : CsvTask(source, part, std::move(input), {}, 0, part_rows), rows_(std::move(rows)), budget_(source.budget()),
        eol_(source.layout().options.eol_char) {}

  csv::RowStream rows_;
  std::shared_ptr<MemoryBudget> budget_;
  char eol_;
};

}  // namespace headrace::frame
