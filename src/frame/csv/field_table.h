#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "frame/array.h"
#include "frame/columns/growing_vector.h"
#include "frame/csv/field_kernels.h"

namespace headrace::frame::csv {

/// Whole rows in a buffer, each with its end, from `begin` on; kPadding bytes more may be read.
struct Text {
  Buffer buffer;
  size_t begin = 0, end = 0;
};

/// An error in a row, with what it is about: a column, or none.
using Fault = std::function<Error(size_t row, std::string_view column, std::string_view what)>;

/// Where the fields of some rows lie.
class FieldTable {
 public:
  /// `columns`: a row's fields. Of longer rows the rest is dropped, if that is allowed.
  FieldTable(const Dialect& dialect, size_t columns, bool may_truncate, std::shared_ptr<MemoryBudget> budget)
      : dialect_(dialect), columns_(columns), may_truncate_(may_truncate), budget_(budget), ends_(std::move(budget)) {}

  /// Finds the first rows of a text, as many as a morsel has, and moves its beginning behind them; false if there is no whole row.
  Result<bool> find(Text& text, const Fault& fault);

  size_t rows() const { return rows_; }
  /// Whether a field may have bytes that are not ASCII.
  bool has_high() const { return has_high_; }
  const Dialect& dialect() const { return dialect_; }
  const std::shared_ptr<const Blocks>& blocks() const { return blocks_; }
  char* text() const { return buffer_.as<char>(); }
  struct Place {
    uint32_t begin, end;
  };
  Place field(size_t row, size_t column) const {
    const uint32_t* last = ends_.data() + row * columns_ + column;
    return {last[0] + 1, last[1] - (has_returns_ && column + 1 == columns_ && ends_with_return(last[0] + 1, last[1]))};
  }
  /// A field's text: the places that fields of a short row would have are empty.
  std::string_view view(Place place) const { return {text() + place.begin, place.end - place.begin}; }

 private:
  bool ends_with_return(uint32_t begin, uint32_t end) const { return end > begin && text()[end - 1] == '\r'; }
  /// Places of fields of the first rows; how many there are.
  Result<size_t> search(const Text& text);
  size_t bytes_to_search(const Text& text) const;
  /// Whether every row has as many fields as there are columns.
  bool is_regular(size_t fields) const;
  Result<void> check_strays(size_t fields, const Fault& fault) const;
  /// Copies the rows with as many fields as there are columns.
  Result<void> make_regular(size_t fields, const Fault& fault);

  Dialect dialect_;
  size_t columns_;
  bool may_truncate_;
  std::shared_ptr<MemoryBudget> budget_;
  Buffer buffer_;
  std::shared_ptr<const Blocks> blocks_;
  GrowingVector<uint32_t> ends_;  ///< the first one: before the first row
  size_t rows_ = 0, row_ends_ = 0;
  bool has_high_ = false, has_stray_ = false, has_returns_ = false;
  size_t row_bytes_ = 64;  ///< of the rows so far, about
};

}  // namespace headrace::frame::csv
