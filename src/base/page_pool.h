#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/memory_budget.h"

namespace headrace {

/// Blocks of 64 KiB to 32 MiB that are used again: the kernel clears every page that it gives, which costs more than most
/// of what is done with it. Blocks given back are kept, up to a bound, and counted in the process's budget;
/// what has been kept for a second while nobody took or gave anything goes back to the system, and so does what is
/// above the bound or what the budget has no room for. Thread-safe, also over a fork.
class PagePool {
 public:
  static constexpr size_t kLeastBytes = size_t{64} << 10;
  static constexpr size_t kMostBytes = size_t{32} << 20;

  struct Block {
    std::byte* data = nullptr;
    bool is_cleared = false;  ///< nobody has written to it since the system gave it
  };

  /// The one of the process: a sixteenth of the machine's memory is kept, at most 1 GiB, or what HEADRACE_PAGE_POOL says.
  static PagePool& process();

  /// The size of the block that holds so many bytes, kLeastBytes to kMostBytes: at most an eighth more from 512 KiB on.
  static size_t block_bytes(size_t bytes);

  /// A block of block_bytes(bytes), aligned to 64 KiB; OutOfMemory if the system has none.
  Result<Block> take(size_t bytes);
  /// Gives a block back that was taken for so many bytes.
  void give(std::byte* data, size_t bytes);

  /// How many bytes may be kept; what is kept beyond goes back to the system at once.
  void set_bound(uint64_t bytes);
  uint64_t bound() const { return bound_.load(std::memory_order_relaxed); }
  /// What is kept, beside what is in use.
  uint64_t kept_bytes() const { return kept_.load(std::memory_order_relaxed); }
  /// Returns what is kept beyond so many bytes to the system.
  void trim(uint64_t to_bytes = 0);

  explicit PagePool(uint64_t bound_bytes, std::shared_ptr<MemoryBudget> budget = process_budget());
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

 private:
  static constexpr size_t kClasses = 56;
  struct Class {
    std::mutex mutex;
    std::vector<std::byte*> kept;      // with pages, the last used at the end
    std::vector<std::byte*> returned;  // addresses alone, which cost nothing
  };
  struct Idle;

  static size_t class_of(size_t bytes);
  static size_t bytes_of(size_t index);
  std::byte* pop(Class& own, std::vector<std::byte*>& from);
  std::byte* carve(size_t bytes);
  bool keep(size_t bytes);
  void return_pages(std::byte* data, size_t bytes);
  void lock_all();
  void unlock_all();
  void begin_child();

  std::shared_ptr<MemoryBudget> budget_;
  std::atomic<uint64_t> bound_;
  std::atomic<uint64_t> kept_{0};
  std::atomic<uint64_t> uses_{0};  // takes and gives
  std::array<Class, kClasses> classes_;
  std::mutex carving_;
  std::byte* next_ = nullptr;  // of the extent that is carved
  std::byte* end_ = nullptr;
  std::vector<std::pair<std::byte*, size_t>> extents_;
  std::shared_ptr<Idle> idle_;
};

}  // namespace headrace
