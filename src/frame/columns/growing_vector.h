#pragma once

#include <type_traits>

#include "frame/array_builder.h"

namespace headrace::frame {

/// Values that grow within a budget; new ones are zero, but where shrink() took some before.
template <class T>
class GrowingVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit GrowingVector(std::shared_ptr<MemoryBudget> budget) : buffer_(std::move(budget)) {}
  Result<void> resize(size_t size) {
    HR_CHECK(buffer_.reserve(size * sizeof(T)));
    size_ = size;
    return {};
  }
  /// To no more than size().
  void shrink(size_t size) { size_ = size; }
  size_t size() const { return size_; }
  T* data() { return buffer_.buffer().template as<T>(); }
  const T* data() const { return buffer_.buffer().template as<T>(); }
  T& operator[](size_t index) { return data()[index]; }
  const T& operator[](size_t index) const { return data()[index]; }
  const Buffer& buffer() const { return buffer_.buffer(); }

 private:
  GrowingBuffer buffer_;
  size_t size_ = 0;
};

}  // namespace headrace::frame
