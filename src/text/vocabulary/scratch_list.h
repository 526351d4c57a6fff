#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// A list of trivial values that grows to millions and is soon given back.
/// PERF: in large pages, because touching small ones for the first time costs more than filling them.
template <class T>
class ScratchList {
 public:
  void reserve(size_t count) {
    if (count <= values_.size()) return;
    TableArray<T> larger(count, TablePages::Large);
    if (size_ > 0) std::memcpy(static_cast<void*>(larger.data()), values_.data(), size_ * sizeof(T));
    values_ = std::move(larger);
  }
  void push_back(const T& value) {
    if (size_ == values_.size()) reserve(std::max<size_t>(64, size_ * 2));
    values_[size_++] = value;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<const T> span() const { return {values_.data(), size_}; }

 private:
  TableArray<T> values_;
  size_t size_ = 0;
};

}  // namespace headrace::text
