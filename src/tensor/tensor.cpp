#include "tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <utility>

namespace headrace::tensor {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 48;

/// Elements of a shape; an error for negative extents and what no memory could hold.
Result<int64_t> count_of(std::span<const int64_t> shape, DataType type) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0) return fail(ErrorKind::InvalidArgument, fmt::format("the shape ({}) has a negative extent", fmt::join(shape, ", ")));
    if (extent != 0 && count > kMostBytes / size_bytes(type) / extent) {
      return fail(ErrorKind::OutOfRange, fmt::format("a tensor of shape ({}) is larger than any memory", fmt::join(shape, ", ")));
    }
    count *= extent;
  }
  return count;
}

std::vector<int64_t> row_major_strides(std::span<const int64_t> shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

std::unexpected<Error> no_dimension(size_t dimension, size_t rank) {
  return fail(ErrorKind::OutOfRange, fmt::format("dimension {} was asked for; the tensor has {}", dimension, rank));
}

/// Copies dimension `depth` and those within it, outermost first.
std::byte* copy_elements(const Tensor& from, size_t depth, const std::byte* source, std::byte* to) {
  const size_t size = size_bytes(from.type());
  if (depth == from.rank()) {
    std::memcpy(to, source, size);
    return to + size;
  }
  for (int64_t i = 0; i < from.shape()[depth]; ++i) {
    to = copy_elements(from, depth + 1, source + static_cast<size_t>(i * from.strides()[depth]) * size, to);
  }
  return to;
}

}  // namespace

uint32_t size_bytes(DataType type) {
  switch (type) {
    case DataType::Float32:
    case DataType::Int32: return 4;
    case DataType::Float16:
    case DataType::BFloat16: return 2;
    case DataType::Int64: return 8;
    case DataType::UInt8:
    case DataType::Bool: return 1;
  }
  return 0;
}

const char* name(DataType type) {
  switch (type) {
    case DataType::Float32: return "float32";
    case DataType::Float16: return "float16";
    case DataType::BFloat16: return "bfloat16";
    case DataType::Int32: return "int32";
    case DataType::Int64: return "int64";
    case DataType::UInt8: return "uint8";
    case DataType::Bool: return "bool";
  }
  return "unknown";
}

Result<Tensor> Tensor::zeros(DataType type, std::vector<int64_t> shape, std::shared_ptr<MemoryBudget> budget) {
  HR_TRY(const int64_t count, count_of(shape, type));
  HR_TRY(auto buffer, Buffer::allocate(static_cast<size_t>(count) * size_bytes(type), std::move(budget)));
  return over(std::move(buffer), type, std::move(shape));
}

Result<Tensor> Tensor::over(Buffer buffer, DataType type, std::vector<int64_t> shape) {
  HR_TRY(const int64_t count, count_of(shape, type));
  if (static_cast<uint64_t>(count) * size_bytes(type) > buffer.size()) {
    return fail(ErrorKind::InvalidArgument, fmt::format("a {} tensor of shape ({}) does not fit {} bytes", name(type),
                                                        fmt::join(shape, ", "), buffer.size()));
  }
  Tensor tensor;
  tensor.buffer_ = std::move(buffer);
  tensor.type_ = type;
  tensor.strides_ = row_major_strides(shape);
  tensor.shape_ = std::move(shape);
  return tensor;
}

int64_t Tensor::elements() const {
  int64_t count = 1;
  for (const int64_t extent : shape_) count *= extent;
  return count;
}

bool Tensor::is_row_major() const {
  int64_t stride = 1;
  for (size_t i = rank(); i-- > 0;) {
    if (shape_[i] != 1 && strides_[i] != stride) return elements() == 0;
    stride *= shape_[i];
  }
  return true;
}

Result<Tensor> Tensor::slice(size_t dimension, int64_t begin, int64_t end) const {
  if (dimension >= rank()) return no_dimension(dimension, rank());
  if (begin < 0 || begin > end || end > shape_[dimension]) {
    return fail(ErrorKind::OutOfRange,
                fmt::format("elements {} to {} of dimension {}, which has {}", begin, end, dimension, shape_[dimension]));
  }
  Tensor view = *this;
  view.offset_bytes_ += static_cast<size_t>(begin * strides_[dimension]) * size_bytes(type_);
  view.shape_[dimension] = end - begin;
  return view;
}

Result<Tensor> Tensor::select(size_t dimension, int64_t index) const {
  if (index < 0) return slice(dimension, index, index);
  HR_TRY(auto view, slice(dimension, index, index + 1));
  view.shape_.erase(view.shape_.begin() + static_cast<std::ptrdiff_t>(dimension));
  view.strides_.erase(view.strides_.begin() + static_cast<std::ptrdiff_t>(dimension));
  return view;
}

Result<Tensor> Tensor::transpose(size_t first, size_t second) const {
  if (first >= rank() || second >= rank()) return no_dimension(std::max(first, second), rank());
  Tensor view = *this;
  std::swap(view.shape_[first], view.shape_[second]);
  std::swap(view.strides_[first], view.strides_[second]);
  return view;
}

Result<Tensor> Tensor::reshape(std::vector<int64_t> shape) const {
  if (!is_row_major()) return fail(ErrorKind::Unsupported, "only a row-major tensor can be given another shape; call row_major() first");
  HR_TRY(const int64_t count, count_of(shape, type_));
  if (count != elements()) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} elements do not make the shape ({})", elements(), fmt::join(shape, ", ")));
  }
  Tensor view = *this;
  view.strides_ = row_major_strides(shape);
  view.shape_ = std::move(shape);
  return view;
}

Result<Tensor> Tensor::row_major(std::shared_ptr<MemoryBudget> budget) const {
  if (is_row_major()) return *this;
  HR_TRY(auto copy, zeros(type_, shape_, std::move(budget)));
  copy_elements(*this, 0, data(), copy.data());
  return copy;
}

}  // namespace headrace::tensor
