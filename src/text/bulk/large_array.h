#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace headrace::text {

/// An array of trivial values for tables that are read at random: from 2 MB on in large pages
/// where the system has them, so that prefetches do not wait for addresses to be translated.
template <class T>
class LargeArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit LargeArray(size_t count, const T& value) : size_(count) {
    constexpr size_t kPage = size_t{2} << 20;
    const bool large = count * sizeof(T) >= kPage;
    const size_t alignment = large ? kPage : 64;
    const size_t bytes = (count * sizeof(T) + alignment - 1) / alignment * alignment;
    data_.reset(static_cast<T*>(std::aligned_alloc(alignment, bytes)));
    if (!data_) throw std::bad_alloc();
#if defined(__linux__)
    if (large) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // must precede the first touch
#endif
    std::uninitialized_fill_n(data_.get(), count, value);
  }
  size_t size() const { return size_; }
  T* data() { return data_.get(); }
  T& operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  size_t size_;
  std::unique_ptr<T, Free> data_;
};

}  // namespace headrace::text
