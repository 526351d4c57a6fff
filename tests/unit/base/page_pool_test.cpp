#include "base/page_pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "base/buffer.h"

namespace headrace {
namespace {

constexpr size_t kKilobyte = 1024, kMegabyte = 1024 * 1024;

TEST(PagePool, ABlockIsAtMostAnEighthLargerThanWhatItHolds) {
  EXPECT_EQ(PagePool::block_bytes(1), 64 * kKilobyte);
  EXPECT_EQ(PagePool::block_bytes(64 * kKilobyte), 64 * kKilobyte);
  EXPECT_EQ(PagePool::block_bytes(64 * kKilobyte + 1), 128 * kKilobyte);
  EXPECT_EQ(PagePool::block_bytes(512 * kKilobyte), 512 * kKilobyte);
  EXPECT_EQ(PagePool::block_bytes(512 * kKilobyte + 1), 576 * kKilobyte);
  EXPECT_EQ(PagePool::block_bytes(PagePool::kMostBytes), PagePool::kMostBytes);
  for (size_t bytes = 512 * kKilobyte; bytes <= PagePool::kMostBytes; bytes += 12345) {
    const size_t block = PagePool::block_bytes(bytes);
    ASSERT_GE(block, bytes);
    ASSERT_LE(block - bytes, bytes / 8 + 1);
    ASSERT_EQ(PagePool::block_bytes(block), block);
  }
}

TEST(PagePool, ABlockGivenBackIsTheNextOneOfItsSizeAndIsCountedMeanwhile) {
  const auto budget = MemoryBudget::create("the test");
  PagePool pool(kMegabyte, budget);
  const auto first = pool.take(100 * kKilobyte);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_cleared);
  EXPECT_EQ(reinterpret_cast<size_t>(first->data) % (64 * kKilobyte), 0u);
  std::memset(first->data, 7, 128 * kKilobyte);
  pool.give(first->data, 100 * kKilobyte);
  EXPECT_EQ(pool.kept_bytes(), 128 * kKilobyte);
  EXPECT_EQ(budget->used_bytes(), 128 * kKilobyte);
  const auto again = pool.take(120 * kKilobyte);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->data, first->data);
  EXPECT_FALSE(again->is_cleared);
  EXPECT_EQ(pool.kept_bytes(), 0u);
  EXPECT_EQ(budget->used_bytes(), 0u);
  pool.give(again->data, 120 * kKilobyte);
}

TEST(PagePool, NoMoreIsKeptThanTheBoundAndTheBudgetAllow) {
  const auto budget = MemoryBudget::create("the test", 256 * kKilobyte);
  PagePool pool(512 * kKilobyte, budget);
  std::vector<std::byte*> blocks;
  for (int i = 0; i < 16; ++i) {
    blocks.push_back(pool.take(64 * kKilobyte)->data);
    std::memset(blocks.back(), i + 1, 64 * kKilobyte);
  }
  for (std::byte* block : blocks) pool.give(block, 64 * kKilobyte);
  EXPECT_EQ(pool.kept_bytes(), 256 * kKilobyte);
  pool.set_bound(128 * kKilobyte);
  EXPECT_EQ(pool.kept_bytes(), 128 * kKilobyte);
  pool.trim();
  EXPECT_EQ(pool.kept_bytes(), 0u);
  EXPECT_EQ(budget->used_bytes(), 0u);
  // What went back to the system comes again as zeros.
  const auto block = pool.take(64 * kKilobyte);
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->is_cleared);
  for (size_t i = 0; i < 64 * kKilobyte; ++i) ASSERT_EQ(block->data[i], std::byte{0});
  pool.give(block->data, 64 * kKilobyte);
}

TEST(PagePool, WhatNobodyUsesForSecondsGoesBackToTheSystem) {
  PagePool pool(16 * kMegabyte, MemoryBudget::create("the test"));
  pool.give(pool.take(kMegabyte)->data, kMegabyte);
  EXPECT_EQ(pool.kept_bytes(), kMegabyte);
  for (int i = 0; i < 200 && pool.kept_bytes() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(pool.kept_bytes(), 0u);
}

TEST(PagePool, ThreadsNeverHaveABlockInCommon) {
  PagePool pool(4 * kMegabyte, MemoryBudget::create("the test"));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (size_t i = 0; i < 2000; ++i) {
        const size_t bytes = (1 + (i * 7 + static_cast<size_t>(thread)) % 12) * 64 * kKilobyte;
        const auto block = pool.take(bytes);
        const auto mark = static_cast<std::byte>(thread + 1);
        block->data[0] = block->data[bytes - 1] = mark;
        if (i % 64 == 0) std::this_thread::yield();
        if (block->data[0] != mark || block->data[bytes - 1] != mark) ++wrong;
        pool.give(block->data, bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_LE(pool.kept_bytes(), 4 * kMegabyte);
}

TEST(PagePool, AForkedChildGoesOnWithIt) {
  { const auto kept = Buffer::from_pool(kMegabyte); }
  const pid_t child = ::fork();
  if (child == 0) {
    bool is_fine = true;
    for (int i = 0; i < 10; ++i) {
      const auto buffer = Buffer::from_pool(kMegabyte);
      is_fine = is_fine && buffer && buffer->data()[kMegabyte - 1] == std::byte{0};
      if (buffer) std::memset(buffer->data(), 1, kMegabyte);
    }
    ::_exit(is_fine ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Buffer, FromThePoolIsZerosUnlessAnythingWillDo) {
  for (const size_t size : {size_t{0}, size_t{100}, 64 * kKilobyte, 3 * kMegabyte, 33 * kMegabyte}) {
    for (int round = 0; round < 2; ++round) {
      const auto buffer = Buffer::from_pool(size);
      ASSERT_TRUE(buffer);
      ASSERT_EQ(buffer->size(), size);
      for (size_t i = 0; i < size; i += 997) ASSERT_EQ(buffer->data()[i], std::byte{0});
      if (size > 0) std::memset(buffer->data(), 0xAB, size);
    }
    ASSERT_TRUE(Buffer::from_pool(size, process_budget(), Buffer::Contents::Anything));
  }
}

TEST(Buffer, FromThePoolCountsItsBlockInTheBudgetUntilTheLastOwnerIsGone) {
  const auto budget = MemoryBudget::create("the test", kMegabyte);
  {
    const auto buffer = Buffer::from_pool(65 * kKilobyte, budget);
    ASSERT_TRUE(buffer);
    const Buffer other = *buffer;
    EXPECT_EQ(budget->used_bytes(), 128 * kKilobyte);
    const auto more = Buffer::from_pool(kMegabyte, budget);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().kind, ErrorKind::OutOfMemory);
  }
  EXPECT_EQ(budget->used_bytes(), 0u);
}

}  // namespace
}  // namespace headrace
