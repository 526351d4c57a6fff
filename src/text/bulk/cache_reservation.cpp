#include "text/bulk/cache_reservation.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "text/limits.h"

namespace headrace::text {
namespace {

constexpr size_t kMostShare = size_t{8} << 20;

std::atomic<size_t> in_use{0};

}  // namespace

CacheReservation::~CacheReservation() { in_use.fetch_sub(bytes_, std::memory_order_relaxed); }

bool CacheReservation::raise_to(size_t bytes) {
  if (bytes <= bytes_) return true;
  const size_t more = bytes - bytes_;
  if (in_use.fetch_add(more, std::memory_order_relaxed) + more > limit(Limit::CacheBytes)) {
    in_use.fetch_sub(more, std::memory_order_relaxed);
    return false;
  }
  bytes_ = bytes;
  return true;
}

void CacheReservation::force_to(size_t bytes) {
  in_use.fetch_add(bytes - bytes_, std::memory_order_relaxed);  // modulo 2^64 if it is less
  bytes_ = bytes;
}

size_t cache_share() {
  static const size_t threads = std::max(std::thread::hardware_concurrency(), 1u);
  return std::min<size_t>(limit(Limit::CacheBytes) / threads, kMostShare);
}

bool is_room_for(size_t bytes) { return in_use.load(std::memory_order_relaxed) + bytes <= limit(Limit::CacheBytes); }

uint64_t cache_bytes_in_use() { return in_use.load(std::memory_order_relaxed); }

}  // namespace headrace::text
