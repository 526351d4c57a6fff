#include "frame/data_frame.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace headrace::frame {

Result<Column> Column::make(DataType type, std::vector<Array> chunks) {
  Column column;
  for (Array& chunk : chunks) {
    if (chunk.type() != type) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("A chunk of type {} does not belong to a column of type {}.", to_string(chunk.type()), to_string(type)));
    }
    if (chunk.size() == 0) continue;
    column.size_ += chunk.size();
    column.chunks_.push_back(std::move(chunk));
  }
  column.type_ = std::move(type);
  return column;
}

Column::Column(Array chunk) : type_(chunk.type()), size_(chunk.size()) {
  if (size_ > 0) chunks_.push_back(std::move(chunk));
}

size_t Column::nulls() const {
  size_t count = 0;
  for (const Array& chunk : chunks_) count += chunk.nulls();
  return count;
}

Column Column::slice(size_t begin, size_t size) const {
  Column column;
  column.type_ = type_;
  begin = std::min(begin, size_);
  size = std::min(size, size_ - begin);
  column.size_ = size;
  for (const Array& chunk : chunks_) {
    if (size == 0) break;
    if (begin >= chunk.size()) {
      begin -= chunk.size();
      continue;
    }
    const size_t taken = std::min(size, chunk.size() - begin);
    column.chunks_.push_back(taken == chunk.size() ? chunk : chunk.slice(begin, taken));
    begin = 0;
    size -= taken;
  }
  return column;
}

Result<Schema> Schema::make(std::vector<Field> fields) {
  std::unordered_set<std::string_view> seen;
  for (const Field& field : fields) {
    if (!seen.insert(field.name).second) {
      return fail(ErrorKind::InvalidArgument, fmt::format("Two columns are named {:?}; give one another name.", field.name), field.name);
    }
  }
  Schema schema;
  schema.fields_ = std::move(fields);
  return schema;
}

Result<size_t> Schema::index_of(std::string_view name) const {
  const auto found = std::ranges::find(fields_, name, &Field::name);
  if (found != fields_.end()) return static_cast<size_t>(found - fields_.begin());
  std::vector<std::string_view> names;
  constexpr size_t kShown = 20;
  for (const Field& field : fields_) {
    if (names.size() == kShown) break;
    names.push_back(field.name);
  }
  return fail(ErrorKind::NotFound,
              fmt::format("There is no column {:?}; there are {}{}.", name, fmt::join(names, ", "),
                          fields_.size() > kShown ? fmt::format(" and {} more", fields_.size() - kShown) : ""),
              std::string(name));
}

Result<DataFrame> DataFrame::make(Schema schema, std::vector<Column> columns, size_t height) {
  if (columns.size() != schema.size()) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} columns came with {} names.", columns.size(), schema.size()));
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const Field& field = schema[i];
    if (columns[i].type() != field.type) {
      return fail(ErrorKind::InvalidArgument, fmt::format("Column {:?} is to be of type {} and is of {}.", field.name,
                                                          to_string(field.type), to_string(columns[i].type())));
    }
    if (columns[i].size() != height) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("Column {:?} has {} rows, where the frame has {}.", field.name, columns[i].size(), height));
    }
  }
  DataFrame frame;
  frame.schema_ = std::move(schema);
  frame.columns_ = std::move(columns);
  frame.height_ = height;
  return frame;
}

Result<DataFrame> DataFrame::make(Schema schema, std::vector<Column> columns) {
  const size_t height = columns.empty() ? 0 : columns.front().size();
  return make(std::move(schema), std::move(columns), height);
}

Result<Column> DataFrame::column(std::string_view name) const {
  HR_TRY(const size_t index, schema_.index_of(name));
  return columns_[index];
}

DataFrame DataFrame::slice(size_t begin, size_t size) const {
  DataFrame frame;
  frame.schema_ = schema_;
  begin = std::min(begin, height_);
  frame.height_ = std::min(size, height_ - begin);
  for (const Column& column : columns_) frame.columns_.push_back(column.slice(begin, size));
  return frame;
}

Result<DataFrame> DataFrame::select(std::span<const std::string> names) const {
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (const std::string& name : names) {
    HR_TRY(const size_t index, schema_.index_of(name));
    fields.push_back(schema_[index]);
    columns.push_back(columns_[index]);
  }
  HR_TRY(auto schema, Schema::make(std::move(fields)));
  return make(std::move(schema), std::move(columns), height_);
}

Result<DataFrame> concat(std::span<const DataFrame> frames) {
  if (frames.empty()) return DataFrame{};
  const Schema& schema = frames.front().schema();
  std::vector<std::vector<Array>> chunks(schema.size());
  size_t height = 0;
  for (size_t n = 0; n < frames.size(); ++n) {
    const Schema& other = frames[n].schema();
    if (other.size() != schema.size()) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("Frame {} has {} columns, where the first has {}.", n, other.size(), schema.size()));
    }
    for (size_t i = 0; i < schema.size(); ++i) {
      if (other[i] != schema[i]) {
        return fail(ErrorKind::InvalidArgument,
                    fmt::format("Column {} of frame {} is {:?} of type {}, of the first frame {:?} of type {}.", i, n, other[i].name,
                                to_string(other[i].type), schema[i].name, to_string(schema[i].type)));
      }
      std::ranges::copy(frames[n].columns()[i].chunks(), std::back_inserter(chunks[i]));
    }
    height += frames[n].height();
  }
  std::vector<Column> columns;
  for (size_t i = 0; i < schema.size(); ++i) {
    HR_TRY(auto column, Column::make(schema[i].type, std::move(chunks[i])));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(schema, std::move(columns), height);
}

}  // namespace headrace::frame
