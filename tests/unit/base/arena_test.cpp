#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace headrace {
namespace {

TEST(Arena, gives_aligned_memory_that_does_not_overlap) {
  Arena arena(64);
  std::vector<std::pair<char*, size_t>> given;
  for (size_t size : {size_t{1}, size_t{7}, size_t{64}, size_t{1000}, size_t{100000}, size_t{3}}) {
    for (size_t alignment : {size_t{1}, size_t{8}, size_t{64}}) {
      auto* place = static_cast<char*>(arena.allocate(size, alignment));
      EXPECT_EQ(reinterpret_cast<uintptr_t>(place) % alignment, 0u);
      std::memset(place, static_cast<int>(given.size()), size);
      given.emplace_back(place, size);
    }
  }
  for (size_t i = 0; i < given.size(); ++i) {
    for (size_t j = 0; j < given[i].second; ++j) ASSERT_EQ(given[i].first[j], static_cast<char>(i));
  }
}

TEST(Arena, copies_texts_and_forgets_them_together) {
  Arena arena;
  EXPECT_EQ(arena.copy("hello"), "hello");
  EXPECT_EQ(arena.allocated_bytes(), 5u);
  arena.clear();
  EXPECT_EQ(arena.allocated_bytes(), 0u);
  EXPECT_EQ(arena.copy("again"), "again");
}

}  // namespace
}  // namespace headrace
