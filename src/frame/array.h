#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "frame/bitmap.h"
#include "frame/data_type.h"
#include "frame/view.h"

namespace headrace::frame {

/// The blocks of bytes that views point into. Views begin below 2^31 of a block: a longer buffer stands here as several that overlap.
using Blocks = std::vector<Buffer>;
/// What a view stands for; valid as long as the view and the blocks.
std::string_view bytes_of(const View& view, const Blocks& blocks);

/// A stretch of values of one type, contiguous and never changed: what a column's chunks are. Copies and slices
/// share the memory. The layout is Arrow's: a bitmap of the rows that have a value, and by DataType::layout() bits, values
/// of a fixed width, views, or offsets into a child (List); Categorical: UInt32 codes into a child of strings.
class Array {
 public:
  struct Parts {
    DataType type;
    size_t size = 0;
    Bitmap validity{};                        ///< absent: no nulls
    Buffer values{};                          ///< what layout() says; empty for None
    size_t offset = 0;                        ///< rows of `values` before the first
    std::shared_ptr<const Blocks> blocks{};   ///< of views
    std::shared_ptr<const Array> child{};     ///< items of lists, strings of categories
    std::optional<size_t> nulls{};            ///< counted if not given
  };

  /// No values of type Null.
  Array() = default;
  /// InvalidArgument if a buffer is too small for its rows or a part is missing. Views and offsets are believed.
  static Result<Array> make(Parts parts);
  /// `size` nulls of any type.
  static Result<Array> all_null(DataType type, size_t size, std::shared_ptr<MemoryBudget> budget = process_budget());

  const DataType& type() const { return parts_.type; }
  size_t size() const { return parts_.size; }
  size_t nulls() const { return nulls_; }
  bool is_valid(size_t row) const { return nulls_ == 0 || (parts_.type.id() != TypeId::Null && parts_.validity[row]); }
  /// Absent when there are no nulls, and for type Null.
  const Bitmap& validity() const { return parts_.validity; }

  /// The first row's value. Only of Layout::Fixed, Views and Offsets, T as wide as value_bytes().
  template <class T>
  const T* data() const {
    return parts_.values.as<T>() + parts_.offset;
  }
  template <class T>
  std::span<const T> values() const {
    return {data<T>(), parts_.size};
  }
  /// Only of Bool: the values.
  Bitmap bits() const { return Bitmap(parts_.values, parts_.offset, parts_.size); }
  /// Only of Views, and of categories: the bytes of a row that has a value; valid as long as the array's memory.
  std::string_view bytes(size_t row) const;
  /// Only of List: where a row's items begin and end in items().
  int64_t begin_of(size_t row) const { return data<int64_t>()[row]; }
  const Array& items() const { return *parts_.child; }
  /// Only of Categorical.
  const Array& categories() const { return *parts_.child; }
  const std::shared_ptr<const Blocks>& blocks() const { return parts_.blocks; }
  const Buffer& buffer() const { return parts_.values; }
  size_t offset() const { return parts_.offset; }
  const std::shared_ptr<const Array>& child() const { return parts_.child; }

  /// Rows [begin, begin + size), which must exist.
  Array slice(size_t begin, size_t size) const;
  /// Bytes that the rows themselves need: what a compacted copy would have.
  uint64_t live_bytes() const;
  /// Bytes of the buffers that it keeps alive.
  uint64_t held_bytes() const;

 private:
  explicit Array(Parts parts);
  Parts parts_;
  size_t nulls_ = 0;
};

}  // namespace headrace::frame
