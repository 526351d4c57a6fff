#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/buffer.h"

namespace headrace {
namespace {

TEST(MemoryBudget, refuses_what_goes_over_its_limit_and_changes_nothing) {
  auto budget = MemoryBudget::create("the test", 1000);
  ASSERT_TRUE(budget->reserve(600));
  const auto refused = budget->reserve(401);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::OutOfMemory);
  EXPECT_NE(refused.error().message.find("the test"), std::string::npos);
  EXPECT_EQ(budget->used_bytes(), 600u);
  EXPECT_TRUE(budget->reserve(400));
}

TEST(MemoryBudget, counts_a_child_in_every_ancestor_and_undoes_a_partial_reservation) {
  auto root = MemoryBudget::create("the root", 1000);
  auto middle = root->child("the middle", 900);
  auto leaf = middle->child("the leaf");
  ASSERT_TRUE(leaf->reserve(500));
  EXPECT_EQ(root->used_bytes(), 500u);
  ASSERT_TRUE(root->reserve(450));
  EXPECT_FALSE(leaf->reserve(100));  // fits the middle, not the root
  EXPECT_EQ(leaf->used_bytes(), 500u);
  EXPECT_EQ(middle->used_bytes(), 500u);
  EXPECT_EQ(leaf->available_bytes(), 50u);
  leaf->release(500);
  EXPECT_EQ(root->used_bytes(), 450u);
}

TEST(MemoryBudget, gives_a_buffers_bytes_back_with_its_last_owner) {
  auto budget = MemoryBudget::create("the test", 16 << 20);
  {
    auto buffer = Buffer::allocate(10 << 20, budget);
    ASSERT_TRUE(buffer);
    EXPECT_EQ(reinterpret_cast<size_t>(buffer->data()) % (2 << 20), 0u);
    const Buffer shared = *buffer;
    *buffer = Buffer();
    EXPECT_EQ(budget->used_bytes(), size_t{10} << 20);
    EXPECT_FALSE(Buffer::allocate(10 << 20, budget));
  }
  EXPECT_EQ(budget->used_bytes(), 0u);
  EXPECT_EQ(budget->peak_bytes(), size_t{10} << 20);
}

TEST(MemoryBudget, never_exceeds_its_limit_under_many_threads) {
  auto budget = MemoryBudget::create("the test", 100);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5000; ++round) {
        if (budget->reserve(30)) budget->release(30);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(budget->used_bytes(), 0u);
  EXPECT_LE(budget->peak_bytes(), 100u);
}

TEST(Bytes, are_read_from_what_people_write) {
  EXPECT_EQ(parse_bytes("512MiB").value(), 512ull << 20);
  EXPECT_EQ(parse_bytes("2GB").value(), 2000000000ull);
  EXPECT_EQ(parse_bytes("1.5 GiB").value(), 1610612736ull);
  EXPECT_EQ(parse_bytes("1048576").value(), 1048576ull);
  for (const char* wrong : {"", "MB", "12 parsecs", "-1", "1e40", "nan"}) EXPECT_FALSE(parse_bytes(wrong)) << wrong;
}

}  // namespace
}  // namespace headrace
