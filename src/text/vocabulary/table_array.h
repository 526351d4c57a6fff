#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace headrace::text {

/// What pages of the system a large array lies in.
enum class TablePages : uint8_t {
  Small,   ///< that come when they are first touched
  Filled,  ///< that are there from the beginning, which is cheaper for an array all of which will be used
  Large,   ///< where the system has such: a prefetch does not wait for an address to be translated
};

/// An array of trivial values that does not grow: in memory of its own, or in somebody else's (a compiled
/// tokenizer's file). Copies share the values.
template <class T>
class TableArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  TableArray() = default;
  /// Of zero bytes, aligned to 64 bytes at least.
  explicit TableArray(size_t count, TablePages pages = TablePages::Small) : size_(count) {
    if (count == 0) return;
    data_ = static_cast<T*>(count * sizeof(T) >= kMapped ? map(count * sizeof(T), pages) : allocate(count * sizeof(T)));
  }
  /// `count` values at `data`, which live as long as `owner`.
  TableArray(std::shared_ptr<const void> owner, T* data, size_t count) : owner_(std::move(owner)), data_(data), size_(count) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() const { return data_; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  T& operator[](size_t i) const { return data_[i]; }
  size_t bytes() const { return size_ * sizeof(T); }

 private:
  static constexpr size_t kMapped = size_t{256} << 10;
  static constexpr size_t kLargePage = size_t{2} << 20;

  void* allocate(size_t bytes) {
    const size_t rounded = (bytes + 63) / 64 * 64;
    void* memory = std::aligned_alloc(64, rounded);
    if (!memory) throw std::bad_alloc();
    std::memset(memory, 0, rounded);
    owner_ = std::shared_ptr<void>(memory, [](void* p) { std::free(p); });
    return memory;
  }

  /// PERF: pages of the system are zero already.
  void* map(size_t bytes, TablePages pages) {
#if defined(__linux__)
    const size_t slack = pages == TablePages::Large ? 2 * kLargePage : 0;  // to begin and end at whole pages
    const int at_once = pages == TablePages::Filled ? MAP_POPULATE : 0;
    void* memory = ::mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | at_once, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    owner_ = std::shared_ptr<void>(memory, [length = bytes + slack](void* p) { ::munmap(p, length); });
    if (pages != TablePages::Large) return memory;
    auto* aligned = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(memory) + kLargePage - 1) / kLargePage * kLargePage);
    ::madvise(aligned, (bytes + kLargePage - 1) / kLargePage * kLargePage, MADV_HUGEPAGE);  // must precede the first touch
    return aligned;
#else
    return allocate(bytes);
#endif
  }

  std::shared_ptr<const void> owner_;
  T* data_ = nullptr;
  size_t size_ = 0;
};

/// Whether a look-up that goes on from element to element, and from the last to the first, soon comes to an end
/// wherever it begins: `is_end(element)`.
///
/// PERF: block by block, each without a branch.
template <class T, class IsEnd>
bool ends_runs(const TableArray<T>& table, const IsEnd& is_end) {
  constexpr size_t kBlock = 64, kMostBlocks = 64;
  bool any = false;
  size_t without = 0;  // blocks one after another
  for (size_t begin = 0; begin < table.size(); begin += kBlock) {
    const size_t end = table.size() - begin < kBlock ? table.size() : begin + kBlock;
    unsigned found = 0;
    for (size_t i = begin; i < end; ++i) found |= static_cast<unsigned>(is_end(table[i]));
    any |= found != 0;
    without = found ? 0 : without + 1;
    if (without > kMostBlocks) return false;
  }
  return any;
}

}  // namespace headrace::text
