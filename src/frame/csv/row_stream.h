#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frame/array_builder.h"
#include "frame/csv/dialect.h"
#include "frame/csv/input.h"

namespace headrace::frame::csv {

/// Rows one after the other, byte by byte: where few are read, or every row is to be looked at.
class RowStream {
 public:
  /// Of the whole input; a mark of UTF-8 at its beginning is passed over. `comment`: rows that begin so are none.
  static Result<RowStream> open(const Input& input, const Dialect& dialect, std::string comment,
                                const std::shared_ptr<MemoryBudget>& budget);

  /// The next row without its end; valid until the next call. None at the end. InvalidData if quotes are not closed.
  Result<std::optional<std::string_view>> next();
  /// Where the next row begins: bytes, and lines that ended before.
  uint64_t offset() const { return offset_; }
  uint64_t line() const { return line_; }
  /// The line on which the last row began, from 1 on.
  uint64_t line_of_row() const { return line_of_row_; }

 private:
  RowStream(const Input& input, const Dialect& dialect, std::string comment, const std::shared_ptr<MemoryBudget>& budget)
      : name_(input.name()), dialect_(dialect), comment_(std::move(comment)), buffer_(budget) {}
  Result<bool> fill();
  /// Where the row that begins at begin_ ends; fills the buffer as far as is needed.
  Result<size_t> find_end();
  bool is_comment() const;
  const char* text() const { return buffer_.buffer().as<char>(); }

  std::string name_;
  Dialect dialect_;
  std::string comment_;
  std::unique_ptr<ByteStream> bytes_;
  GrowingBuffer buffer_;
  size_t begin_ = 0, end_ = 0;
  bool is_at_end_ = false;
  uint64_t offset_ = 0, line_ = 0, line_of_row_ = 0;
};

/// A row's fields as they stand, quotes and all.
std::vector<std::string_view> fields_of(std::string_view row, const Dialect& dialect);
/// What a field says: without the quotes around it, doubled ones as one. None if it begins with a quote and something follows the one
/// that closes it.
std::optional<std::string> unquoted(std::string_view field, const Dialect& dialect);

}  // namespace headrace::frame::csv
