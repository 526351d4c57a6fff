#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <stdexcept>
#include <type_traits>

namespace headrace::kernels {

/// Zeroed elements that end where a page begins that nobody may touch: a read or write past them is
/// a crash.
template <class T>
class GuardedMemory {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit GuardedMemory(size_t count) : count_(count) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t usable = (count * sizeof(T) + page - 1) / page * page;
    mapped_ = usable + page;
    base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw std::runtime_error("mmap failed");
    mprotect(static_cast<std::byte*>(base_) + usable, page, PROT_NONE);
    data_ = reinterpret_cast<T*>(static_cast<std::byte*>(base_) + usable - count * sizeof(T));
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

}  // namespace headrace::kernels
