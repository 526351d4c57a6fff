#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/pages/prefix_cache.h"

namespace headrace::engine {

/// Counts who holds each page of keys and values. A page is free, used (held by at
/// least one sequence) or cached (held by none, but its tokens can be found again).
/// Used by the engine's thread only.
class PagePool {
 public:
  PagePool(uint32_t pages, PrefixCache& cache);

  /// Takes a free page, or the one cached longest ago; nothing when all are used.
  std::optional<uint32_t> take();
  /// One holder more; the page is used or cached.
  void retain(uint32_t page);
  /// One holder less; the last one leaves the page cached or free.
  void release(uint32_t page);
  /// Releases a sequence's pages from the last to the first, so that within a chain
  /// the children are evicted before their parents.
  void release_all(std::vector<uint32_t>& pages);

  uint32_t holders(uint32_t page) const { return holders_[page]; }
  uint32_t pages() const { return static_cast<uint32_t>(holders_.size()); }
  uint32_t used() const { return used_; }
  uint32_t peak_used() const { return peak_used_; }
  uint32_t free() const { return static_cast<uint32_t>(free_.size()); }
  /// Pages that `take` can still give.
  uint32_t available() const { return pages() - used_; }

 private:
  PrefixCache& cache_;
  std::vector<uint32_t> holders_;
  std::vector<uint32_t> free_;
  uint32_t used_ = 0, peak_used_ = 0;
  void count_used() { peak_used_ = std::max(peak_used_, ++used_); }
};

}  // namespace headrace::engine
