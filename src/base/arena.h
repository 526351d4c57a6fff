#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

namespace headrace {

/// Memory for many small objects that die together: a bump pointer through blocks
/// that double up to 1 MiB. Nothing is destroyed one by one, so only trivially
/// destructible types live here. Not thread-safe.
class Arena {
 public:
  explicit Arena(size_t first_block_bytes = 4096) : next_block_bytes_(first_block_bytes) {}
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  /// Returns `bytes` uninitialised bytes; `alignment` is a power of two up to 64.
  void* allocate(size_t bytes, size_t alignment = alignof(std::max_align_t));

  template <class T>
  T* array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }

  /// Copies a text into the arena.
  std::string_view copy(std::string_view text);

  /// Forgets everything and keeps the largest block for reuse.
  void clear();

  size_t allocated_bytes() const { return allocated_bytes_; }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> memory;
    size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::byte* cursor_ = nullptr;
  std::byte* end_ = nullptr;
  size_t next_block_bytes_;
  size_t allocated_bytes_ = 0;
};

}  // namespace headrace
