#include "base/page_pool.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <thread>
#include <utility>

namespace headrace {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
/// What is asked of the system at a time: addresses, of which pages are given as they are touched.
constexpr size_t kExtent = size_t{64} << 20;
/// Blocks up to here are multiples of the least; longer ones have eight sizes from one power of two to the next.
constexpr size_t kLinear = 8 * PagePool::kLeastBytes;
constexpr auto kIdleTime = std::chrono::seconds(1);

size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

uint64_t default_bound() {
  if (const char* setting = std::getenv("HEADRACE_PAGE_POOL"); setting != nullptr && *setting != 0) {
    if (const auto bytes = parse_bytes(setting)) return *bytes;
  }
  constexpr uint64_t kMost = uint64_t{1} << 30;
  const uint64_t machine = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(kMost, machine / 16);
}

}  // namespace

/// A thread that lives while something is kept, and returns it when nothing has been taken or given for a while. It holds this, so
/// that nobody has to wait for it at a process's end; a pool that ends waits until it touches the pool no more.
struct PagePool::Idle {
  explicit Idle(PagePool& pool) : pool(pool) {}

  PagePool& pool;
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> is_running{false};
  bool is_ending = false;

  static void begin(const std::shared_ptr<Idle>& idle) {
    if (idle->is_running.load() || idle->is_running.exchange(true)) return;
    try {
      std::thread([idle] { idle->watch(); }).detach();
    } catch (const std::system_error&) {
      idle->is_running = false;  // without a thread the bound alone holds
    }
  }

  void watch() {
    std::unique_lock lock(mutex);
    uint64_t seen = pool.uses_.load(std::memory_order_relaxed);
    while (!is_ending) {
      changed.wait_for(lock, kIdleTime);
      const uint64_t now = pool.uses_.load(std::memory_order_relaxed);
      if (now == seen) pool.trim();
      seen = now;
      if (pool.kept_.load() > 0) continue;
      is_running = false;
      // What was kept in between found this still running.
      if (pool.kept_.load() == 0 || is_running.exchange(true)) break;
    }
    if (is_ending) is_running = false;
    changed.notify_all();
  }

  void end() {
    std::unique_lock lock(mutex);
    is_ending = true;
    changed.notify_all();
    changed.wait(lock, [this] { return !is_running.load(); });
  }
};

PagePool::PagePool(uint64_t bound_bytes, std::shared_ptr<MemoryBudget> budget)
    : budget_(std::move(budget)), bound_(bound_bytes), idle_(std::make_shared<Idle>(*this)) {}

PagePool::~PagePool() {
  idle_->end();
  budget_->release(kept_.load());
  for (const auto& [data, bytes] : extents_) ::munmap(data, bytes);
}

PagePool& PagePool::process() {
  // Never destroyed: buffers of other static objects may be given back later.
  static PagePool* const pool = [] {
    auto* made = new PagePool(default_bound());
    static PagePool* forked = made;
    ::pthread_atfork([] { forked->lock_all(); }, [] { forked->unlock_all(); }, [] { forked->begin_child(); });
    return made;
  }();
  return *pool;
}

void PagePool::lock_all() {
  idle_->mutex.lock();
  for (Class& own : classes_) own.mutex.lock();
  carving_.lock();
}

void PagePool::unlock_all() {
  carving_.unlock();
  for (Class& own : classes_) own.mutex.unlock();
  idle_->mutex.unlock();
}

/// Threads do not live on in a fork's child: it begins without one.
void PagePool::begin_child() {
  unlock_all();
  idle_ = std::make_shared<Idle>(*this);
}

size_t PagePool::class_of(size_t bytes) {
  if (bytes <= kLinear) return bytes == 0 ? 0 : (bytes - 1) / kLeastBytes;
  const int power = std::bit_width(bytes - 1) - 1;  // 2^power < bytes <= 2^(power + 1)
  const size_t step = (size_t{1} << power) / 8;
  const auto doublings = static_cast<size_t>(power - std::countr_zero(kLinear));
  return 8 + doublings * 8 + (bytes - 1 - (size_t{1} << power)) / step;
}

size_t PagePool::bytes_of(size_t index) {
  if (index < 8) return (index + 1) * kLeastBytes;
  const size_t base = kLinear << (index - 8) / 8;
  return base + base / 8 * ((index - 8) % 8 + 1);
}

size_t PagePool::block_bytes(size_t bytes) { return bytes_of(class_of(bytes)); }

std::byte* PagePool::pop(Class& own, std::vector<std::byte*>& from) {
  const std::lock_guard lock(own.mutex);
  if (from.empty()) return nullptr;
  std::byte* data = from.back();
  from.pop_back();
  return data;
}

std::byte* PagePool::carve(size_t bytes) {
  const std::lock_guard lock(carving_);
  if (static_cast<size_t>(end_ - next_) < bytes) {
    const size_t length = kExtent + kHugePage;
    void* base = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return nullptr;
    extents_.emplace_back(static_cast<std::byte*>(base), length);
    next_ = reinterpret_cast<std::byte*>(round_up(reinterpret_cast<size_t>(base), kHugePage));
    end_ = next_ + kExtent;
  }
  std::byte* data = next_;
  next_ += bytes;
  return data;
}

Result<PagePool::Block> PagePool::take(size_t bytes) {
  uses_.fetch_add(1, std::memory_order_relaxed);
  const size_t index = class_of(bytes), block = bytes_of(index);
  Class& own = classes_[index];
  if (std::byte* data = pop(own, own.kept)) {
    kept_.fetch_sub(block, std::memory_order_relaxed);
    budget_->release(block);
    return Block{data, false};
  }
  std::byte* data = pop(own, own.returned);
  if (data == nullptr) data = carve(block);
  if (data == nullptr) {
    return fail(ErrorKind::OutOfMemory,
                fmt::format("the operating system has no {} to give; close something or ask for less", format_bytes(block)));
  }
  return Block{data, true};
}

/// Whether there is room for a block to be kept, which is then counted.
bool PagePool::keep(size_t bytes) {
  uint64_t kept = kept_.load(std::memory_order_relaxed);
  do {
    if (kept + bytes > bound()) return false;
  } while (!kept_.compare_exchange_weak(kept, kept + bytes));
  if (budget_->reserve(bytes)) return true;
  kept_.fetch_sub(bytes);
  return false;
}

void PagePool::return_pages(std::byte* data, size_t bytes) { ::madvise(data, bytes, MADV_DONTNEED); }

void PagePool::give(std::byte* data, size_t bytes) {
  uses_.fetch_add(1, std::memory_order_relaxed);
  const size_t index = class_of(bytes), block = bytes_of(index);
  Class& own = classes_[index];
  const bool is_kept = keep(block);
  if (!is_kept) return_pages(data, block);
  {
    const std::lock_guard lock(own.mutex);
    (is_kept ? own.kept : own.returned).push_back(data);
  }
  if (is_kept) Idle::begin(idle_);
}

void PagePool::set_bound(uint64_t bytes) {
  bound_.store(bytes, std::memory_order_relaxed);
  trim(bytes);
}

void PagePool::trim(uint64_t to_bytes) {
  for (size_t index = kClasses; index-- > 0 && kept_bytes() > to_bytes;) {
    Class& own = classes_[index];
    const size_t block = bytes_of(index);
    const std::lock_guard lock(own.mutex);
    // The ones that were used last stay.
    size_t count = 0;
    for (; count < own.kept.size() && kept_bytes() > to_bytes; ++count) {
      return_pages(own.kept[count], block);
      own.returned.push_back(own.kept[count]);
      kept_.fetch_sub(block, std::memory_order_relaxed);
      budget_->release(block);
    }
    own.kept.erase(own.kept.begin(), own.kept.begin() + static_cast<ptrdiff_t>(count));
  }
}

}  // namespace headrace
