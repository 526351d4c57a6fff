#include "engine/pages/page_pool.h"

namespace headrace::engine {

PagePool::PagePool(uint32_t pages, PrefixCache& cache) : cache_(cache), holders_(pages, 0) {
  free_.reserve(pages);
  // The lowest page is on top, so that a lightly loaded engine touches little memory.
  for (uint32_t page = pages; page-- > 0;) free_.push_back(page);
}

std::optional<uint32_t> PagePool::take() {
  std::optional<uint32_t> page;
  if (!free_.empty()) {
    page = free_.back();
    free_.pop_back();
  } else {
    page = cache_.evict();
  }
  if (page) {
    holders_[*page] = 1;
    count_used();
  }
  return page;
}

void PagePool::retain(uint32_t page) {
  if (holders_[page]++ == 0) {
    cache_.hold(page);
    count_used();
  }
}

void PagePool::release(uint32_t page) {
  if (--holders_[page] > 0) return;
  --used_;
  if (cache_.contains(page)) {
    cache_.let_go(page);
  } else {
    free_.push_back(page);
  }
}

void PagePool::release_all(std::vector<uint32_t>& pages) {
  for (size_t i = pages.size(); i-- > 0;) release(pages[i]);
  pages.clear();
}

}  // namespace headrace::engine
