#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frame/array.h"

namespace headrace::frame {

/// Values of one type, in chunks. Copies share the memory.
class Column {
 public:
  Column() = default;
  /// InvalidArgument if a chunk is of another type. Empty chunks are left out.
  static Result<Column> make(DataType type, std::vector<Array> chunks);
  Column(Array chunk);  // NOLINT: a chunk is a column

  const DataType& type() const { return type_; }
  size_t size() const { return size_; }
  size_t nulls() const;
  std::span<const Array> chunks() const { return chunks_; }

  /// Rows [begin, begin + size), as far as there are such.
  Column slice(size_t begin, size_t size) const;

 private:
  DataType type_;
  size_t size_ = 0;
  std::vector<Array> chunks_;
};

struct Field {
  std::string name;
  DataType type;
  bool operator==(const Field&) const = default;
};

/// Names and types, names different from each other.
class Schema {
 public:
  Schema() = default;
  /// InvalidArgument names the name that stands twice.
  static Result<Schema> make(std::vector<Field> fields);

  std::span<const Field> fields() const { return fields_; }
  size_t size() const { return fields_.size(); }
  const Field& operator[](size_t index) const { return fields_[index]; }
  /// NotFound names what there is.
  Result<size_t> index_of(std::string_view name) const;
  bool operator==(const Schema&) const = default;

 private:
  std::vector<Field> fields_;
};

/// Columns of equal length with names. Never changed; copies share the memory.
class DataFrame {
 public:
  DataFrame() = default;
  /// InvalidArgument if a column's type or length is another than its field's or the frame's.
  static Result<DataFrame> make(Schema schema, std::vector<Column> columns, size_t height);
  /// The height is that of the columns, 0 without any.
  static Result<DataFrame> make(Schema schema, std::vector<Column> columns);

  const Schema& schema() const { return schema_; }
  size_t height() const { return height_; }
  size_t width() const { return columns_.size(); }
  std::span<const Column> columns() const { return columns_; }
  /// NotFound names what there is.
  Result<Column> column(std::string_view name) const;

  /// Rows [begin, begin + size), as far as there are such.
  DataFrame slice(size_t begin, size_t size) const;
  /// These columns in this order.
  Result<DataFrame> select(std::span<const std::string> names) const;

 private:
  Schema schema_;
  std::vector<Column> columns_;
  size_t height_ = 0;
};

/// One frame after the other; all of one schema. InvalidArgument says which differs and where.
Result<DataFrame> concat(std::span<const DataFrame> frames);

struct ShowOptions {
  size_t rows = 10;       ///< more are shown as … in the middle
  size_t width = 80;      ///< of the terminal, in characters
  size_t cell = 32;       ///< the longest a value is shown
};
/// A table for a terminal: names, types, first and last rows, as many columns as fit.
std::string to_text(const DataFrame& frame, const ShowOptions& options = {});
/// The same as an HTML table, with everything escaped; width is no limit.
std::string to_html(const DataFrame& frame, const ShowOptions& options = {});
/// One value as the tables show it: null, 1.5, 2024-01-31, [1, 2].
std::string to_text(const Array& array, size_t row);

}  // namespace headrace::frame
