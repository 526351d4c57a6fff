#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"

namespace headrace::tensor {

enum class DataType : uint8_t { Float32, Float16, BFloat16, Int32, Int64, UInt8, Bool };

uint32_t size_bytes(DataType type);
const char* name(DataType type);  ///< "float32", as NumPy spells it

/// A typed, strided view of a Buffer in host memory. Copying shares the memory. Strides
/// count elements, not bytes, and may be 0 (a value repeated) but not negative.
class Tensor {
 public:
  Tensor() = default;

  /// A new row-major tensor of zeros.
  static Result<Tensor> zeros(DataType type, std::vector<int64_t> shape,
                              std::shared_ptr<MemoryBudget> budget = process_budget());
  /// A row-major view of memory that is there already. InvalidArgument if `buffer` is too small.
  static Result<Tensor> over(Buffer buffer, DataType type, std::vector<int64_t> shape);

  DataType type() const { return type_; }
  std::span<const int64_t> shape() const { return shape_; }
  std::span<const int64_t> strides() const { return strides_; }
  size_t rank() const { return shape_.size(); }
  int64_t elements() const;
  bool is_row_major() const;

  std::byte* data() const { return buffer_.data() + offset_bytes_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data());
  }
  const Buffer& buffer() const { return buffer_; }

  // Views: they share the memory. OutOfRange names the dimension and its extent.
  /// Elements [begin, end) of one dimension.
  Result<Tensor> slice(size_t dimension, int64_t begin, int64_t end) const;
  /// One element of a dimension, which is then gone.
  Result<Tensor> select(size_t dimension, int64_t index) const;
  Result<Tensor> transpose(size_t first, size_t second) const;
  /// The same elements under another shape; Unsupported unless row-major.
  Result<Tensor> reshape(std::vector<int64_t> shape) const;
  /// Itself if row-major, else a row-major copy.
  Result<Tensor> row_major(std::shared_ptr<MemoryBudget> budget = process_budget()) const;

 private:
  Buffer buffer_;
  size_t offset_bytes_ = 0;
  DataType type_ = DataType::Float32;
  std::vector<int64_t> shape_, strides_;
};

}  // namespace headrace::tensor
