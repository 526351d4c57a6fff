#pragma once

#include <cstddef>

namespace headrace::text {

/// A cache's part of Limit::CacheBytes, which all caches of the process share. Given back when it is destroyed.
class CacheReservation {
 public:
  CacheReservation() = default;
  ~CacheReservation();
  CacheReservation(const CacheReservation&) = delete;
  CacheReservation& operator=(const CacheReservation&) = delete;

  /// Makes it `bytes`; false, and as before, if the limit has no room for so many.
  bool raise_to(size_t bytes);
  /// Makes it `bytes`, room or not.
  void force_to(size_t bytes);
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
};

/// What one thread may have for one encoder: so much that every thread of the machine can have it for one, and at most 8 MiB.
size_t cache_share();
/// Whether the limit has room for so many bytes more.
bool is_room_for(size_t bytes);

}  // namespace headrace::text
