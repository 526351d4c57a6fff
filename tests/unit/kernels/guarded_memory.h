#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <type_traits>

namespace headrace::kernels {

/// Which end of new GuardedMemory lies at a page that nobody may touch.
enum class GuardedEnd { Last, First };
inline GuardedEnd guarded_end = GuardedEnd::Last;

/// While it lives, new GuardedMemory begins where such a page ends: a read or write before it is a crash.
class GuardedFromBelow {
 public:
  GuardedFromBelow() { guarded_end = GuardedEnd::First; }
  ~GuardedFromBelow() { guarded_end = GuardedEnd::Last; }
  GuardedFromBelow(const GuardedFromBelow&) = delete;
  GuardedFromBelow& operator=(const GuardedFromBelow&) = delete;
};

/// Zeroed elements between two pages that nobody may touch, which end where the second begins: a read or
/// write past them is a crash (see GuardedFromBelow for the other end).
template <class T>
class GuardedMemory {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit GuardedMemory(size_t count) : count_(count) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t usable = (count * sizeof(T) + page - 1) / page * page;
    mapped_ = page + usable + page;
    base_ = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw std::runtime_error("mmap failed");
    std::byte* first = static_cast<std::byte*>(base_) + page;
    if (usable > 0 && mprotect(first, usable, PROT_READ | PROT_WRITE) != 0) throw std::runtime_error("mprotect failed");
    const size_t before = guarded_end == GuardedEnd::First ? 0 : usable - count * sizeof(T);
    data_ = reinterpret_cast<T*>(first + before);
  }
  /// The same elements as `values` has.
  template <class Values>
    requires requires(const Values& values) { values.size(); values.begin(); }
  explicit GuardedMemory(const Values& values) : GuardedMemory(values.size()) {
    std::copy(values.begin(), values.end(), data_);
  }
  ~GuardedMemory() { munmap(base_, mapped_); }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  /// The elements may be changed through a const object, as through a pointer.
  T* data() const { return data_; }
  size_t size() const { return count_; }
  size_t bytes() const { return count_ * sizeof(T); }
  T* begin() const { return data_; }
  T* end() const { return data_ + count_; }
  T& operator[](size_t index) const { return data_[index]; }

 private:
  void* base_ = nullptr;
  T* data_ = nullptr;
  size_t count_ = 0;
  size_t mapped_ = 0;
};

/// Pieces of so many bytes, each between two pages that nobody may touch.
class GuardedPieces {
 public:
  GuardedPieces(size_t count, size_t bytes) : count_(count), bytes_(bytes) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    stride_ = (bytes + page - 1) / page * page + page;
    mapped_ = page + stride_ * count;
    base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw std::runtime_error("mmap failed");
    for (size_t i = 0; i <= count; ++i) mprotect(static_cast<std::byte*>(base_) + i * stride_, page, PROT_NONE);
    first_ = static_cast<std::byte*>(base_) + (guarded_end == GuardedEnd::First ? page : stride_ - bytes);
  }
  ~GuardedPieces() { munmap(base_, mapped_); }
  GuardedPieces(const GuardedPieces&) = delete;
  GuardedPieces& operator=(const GuardedPieces&) = delete;

  std::byte* data() const { return first_; }
  size_t stride() const { return stride_; }
  size_t piece_bytes() const { return bytes_; }
  std::span<std::byte> piece(size_t index) const { return {first_ + index * stride_, bytes_}; }
  size_t size() const { return count_; }

 private:
  size_t count_, bytes_;
  size_t stride_ = 0;
  size_t mapped_ = 0;
  void* base_ = nullptr;
  std::byte* first_ = nullptr;
};

}  // namespace headrace::kernels
