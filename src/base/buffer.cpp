#include "base/buffer.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstring>
#include <utility>

#include "base/page_pool.h"

namespace headrace {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMapFrom = size_t{4} << 20;

/// Memory straight from the kernel: zeroed, lazily touched, returned at once.
struct Mapping {
  void* base;
  size_t length;
  Reservation reservation;
  ~Mapping() { ::munmap(base, length); }
};

struct Allocation {
  void* base;
  Reservation reservation;
  ~Allocation() { std::free(base); }
};

struct Pooled {
  std::byte* data;
  size_t size;
  Reservation reservation;
  ~Pooled() { PagePool::process().give(data, size); }
};

struct Foreign {
  std::function<void()> release;
  ~Foreign() {
    if (release) release();
  }
};

size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

Error no_memory(size_t size) {
  return Error{ErrorKind::OutOfMemory,
               fmt::format("the operating system has no {} to give; close something or use a smaller model or context",
                           format_bytes(size))};
}

}  // namespace

Result<Buffer> Buffer::allocate(size_t size, std::shared_ptr<MemoryBudget> budget) {
  if (size > SIZE_MAX / 2) return std::unexpected(no_memory(size));
  HR_TRY(auto reservation, Reservation::take(std::move(budget), size));
  Buffer buffer;
  buffer.size_ = size;
  if (size >= kMapFrom) {
    const size_t length = round_up(size, kHugePage) + kHugePage;
    void* base = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return std::unexpected(no_memory(size));
    const auto address = round_up(reinterpret_cast<size_t>(base), kHugePage);
    buffer.data_ = reinterpret_cast<std::byte*>(address);
    // Whole ones only: what a page held beyond the size would be memory that no budget knows of.
    ::madvise(buffer.data_, size / kHugePage * kHugePage, MADV_HUGEPAGE);
    buffer.owner_ = std::make_shared<Mapping>(base, length, std::move(reservation));
    return buffer;
  }
  void* base = std::aligned_alloc(64, round_up(size + 1, 64));
  if (base == nullptr) return std::unexpected(no_memory(size));
  std::memset(base, 0, round_up(size + 1, 64));
  buffer.data_ = static_cast<std::byte*>(base);
  buffer.owner_ = std::make_shared<Allocation>(base, std::move(reservation));
  return buffer;
}

Result<Buffer> Buffer::from_pool(size_t size, std::shared_ptr<MemoryBudget> budget, Contents contents) {
  if (size > PagePool::kMostBytes) return allocate(size, std::move(budget));
  Buffer buffer;
  buffer.size_ = size;
  if (size < PagePool::kLeastBytes) {
    HR_TRY(auto reservation, Reservation::take(std::move(budget), size));
    void* base = std::aligned_alloc(64, round_up(size + 1, 64));
    if (base == nullptr) return std::unexpected(no_memory(size));
    if (contents == Contents::Zeros) std::memset(base, 0, round_up(size + 1, 64));
    buffer.data_ = static_cast<std::byte*>(base);
    buffer.owner_ = std::make_shared<Allocation>(base, std::move(reservation));
    return buffer;
  }
  HR_TRY(auto reservation, Reservation::take(std::move(budget), PagePool::block_bytes(size)));
  HR_TRY(const PagePool::Block block, PagePool::process().take(size));
  if (contents == Contents::Zeros && !block.is_cleared) std::memset(block.data, 0, size);
  buffer.data_ = block.data;
  buffer.owner_ = std::make_shared<Pooled>(block.data, size, std::move(reservation));
  return buffer;
}

Buffer Buffer::foreign(std::byte* data, size_t size, std::function<void()> release) {
  Buffer buffer;
  buffer.data_ = data;
  buffer.size_ = size;
  buffer.owner_ = std::make_shared<Foreign>(std::move(release));
  return buffer;
}

}  // namespace headrace
