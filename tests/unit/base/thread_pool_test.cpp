#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <vector>

namespace headrace {
namespace {

TEST(ThreadPool, runs_every_task_before_it_is_gone) {
  std::atomic<int> done{0};
  {
    ThreadPool pool(3);
    for (int i = 0; i < 1000; ++i) pool.submit([&] { done++; });
  }
  EXPECT_EQ(done, 1000);
}

TEST(ThreadPool, takes_tasks_from_tasks) {
  std::atomic<int> done{0};
  {
    ThreadPool pool(2);
    for (int i = 0; i < 50; ++i) {
      pool.submit([&] {
        for (int j = 0; j < 20; ++j) pool.submit([&] { done++; });
      });
    }
    while (done < 1000) ::usleep(100);
  }
  EXPECT_EQ(done, 1000);
}

TEST(ThreadPool, covers_a_range_once_also_when_nested) {
  ThreadPool pool(2);
  std::vector<std::atomic<int>> touched(10000);
  pool.parallel_for(100, 3, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      pool.parallel_for(100, 7, [&, i](size_t from, size_t to) {
        for (size_t j = from; j < to; ++j) touched[i * 100 + j]++;
      });
    }
  });
  for (auto& times : touched) EXPECT_EQ(times, 1);
}

#if !defined(__SANITIZE_THREAD__)
TEST(ThreadPool, of_the_process_works_in_a_forked_child) {
  std::atomic<int> done{0};
  ThreadPool::process().parallel_for(10, 1, [&](size_t, size_t) { done++; });
  const pid_t child = ::fork();
  if (child == 0) {
    std::atomic<int> in_child{0};
    ThreadPool::process().parallel_for(10, 1, [&](size_t, size_t) { in_child++; });
    ::_exit(in_child == 10 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(done, 10);
}
#endif

}  // namespace
}  // namespace headrace
