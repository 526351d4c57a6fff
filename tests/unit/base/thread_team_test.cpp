#include "base/thread_team.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

namespace headrace {
namespace {

TEST(ThreadTeam, runs_the_body_once_on_every_member) {
  for (int size : {1, 2, 3, 7}) {
    ThreadTeam team(size);
    std::vector<std::atomic<int>> visits(static_cast<size_t>(size));
    for (int run = 0; run < 50; ++run) {
      team.run([&](const TeamMember& member) { visits[static_cast<size_t>(member.index())]++; });
    }
    for (auto& count : visits) EXPECT_EQ(count, 50);
  }
}

TEST(ThreadTeam, shares_a_range_without_gaps_or_overlaps) {
  ThreadTeam team(3);
  for (uint32_t count : {0u, 1u, 5u, 1000u}) {
    std::vector<std::atomic<int>> touched(count);
    team.parallel_for(count, 7, [&](uint32_t begin, uint32_t end) {
      EXPECT_LE(end - begin, 7u);
      for (uint32_t i = begin; i < end; ++i) touched[i]++;
    });
    for (auto& times : touched) EXPECT_EQ(times, 1);
  }
}

TEST(ThreadTeam, shares_ranges_without_gaps_or_overlaps) {
  for (int size : {1, 2, 3, 7}) {
    ThreadTeam team(size);
    for (uint32_t count : {0u, 1u, 5u, 7u, 8u, 1000u}) {
      std::vector<std::atomic<int>> touched(count);
      std::vector<std::atomic<uint32_t>> claims(static_cast<size_t>(size));
      team.run([&](const TeamMember& member) {
        member.share_ranges(claims.data(), count, 7, [&](uint32_t begin, uint32_t end) {
          EXPECT_EQ(begin % 7, 0u);
          EXPECT_LE(end - begin, 7u);
          for (uint32_t i = begin; i < end; ++i) touched[i]++;
        });
      });
      for (auto& times : touched) EXPECT_EQ(times, 1) << count << " by " << size;
    }
  }
}

TEST(ThreadTeam, gives_a_member_chunks_that_follow_one_another_and_those_of_a_late_member_as_well) {
  ThreadTeam team(2);
  std::vector<std::atomic<uint32_t>> claims(2);
  std::atomic<bool> all_done{false};
  std::vector<uint32_t> begins;
  team.run([&](const TeamMember& member) {
    while (member.index() == 1 && !all_done) std::this_thread::yield();
    member.share_ranges(claims.data(), 60, 10, [&](uint32_t begin, uint32_t) { begins.push_back(begin); });
    if (member.index() == 0) all_done = true;
  });
  EXPECT_EQ(begins, (std::vector<uint32_t>{0, 10, 20, 30, 40, 50}));
}

TEST(ThreadTeam, lets_nobody_pass_a_barrier_before_all_have_come) {
  ThreadTeam team(4);
  std::atomic<int> before{0};
  std::atomic<int> early{0};
  team.run([&](const TeamMember& member) {
    for (int round = 1; round <= 500; ++round) {
      before++;
      member.barrier();
      if (before < 4 * round) early++;
      member.barrier();
    }
  });
  EXPECT_EQ(early, 0);
}

TEST(ThreadTeam, goes_on_without_a_member_that_keeps_the_others_waiting_and_takes_it_back_later) {
  ThreadTeam team(2, ThreadTeam::Attendance::Adaptive);
  std::atomic<int> seen{0};
  const auto run = [&](std::chrono::milliseconds late) {
    team.run([&](const TeamMember& member) {
      if (member.index() == 0) seen = member.size();
      if (member.index() == 1) std::this_thread::sleep_for(late);
      member.barrier();
    });
    return seen.load();
  };
  int runs = 0;
  while (run(std::chrono::milliseconds(10)) == 2 && runs < 100) ++runs;
  EXPECT_EQ(seen, 1);
  EXPECT_GE(runs, 3);
  const auto begin = std::chrono::steady_clock::now();
  while (run(std::chrono::milliseconds(0)) == 1 && std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(seen, 2);
}

TEST(ThreadTeam, waits_for_all_members_unless_told_otherwise) {
  ThreadTeam team(2);
  std::atomic<int> visits{0};
  for (int i = 0; i < 12; ++i) {
    team.run([&](const TeamMember& member) {
      if (member.index() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(8));
      ++visits;
      member.barrier();
    });
  }
  EXPECT_EQ(visits, 24);
}

TEST(ThreadTeam, parks_its_waiters_when_a_member_is_late) {
  ThreadTeam team(2);
  const auto cpu_before = std::clock();
  team.run([&](const TeamMember& member) {
    if (member.index() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    member.barrier();
  });
  const double cpu_seconds = static_cast<double>(std::clock() - cpu_before) / CLOCKS_PER_SEC;
  EXPECT_LT(cpu_seconds, 0.15);  // a spinning waiter would burn 0.3
}

TEST(ThreadTeam, serves_callers_of_several_threads_in_turn) {
  ThreadTeam team(2);
  std::atomic<int> inside{0};
  std::atomic<int> overlapping{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int run = 0; run < 20; ++run) {
        team.run([&](const TeamMember& member) {
          if (member.index() != 0) return;
          if (inside.fetch_add(1) != 0) overlapping++;
          inside--;
        });
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(overlapping, 0);
}

#if !defined(__SANITIZE_THREAD__)
TEST(ThreadTeam, works_in_a_forked_child) {
  ThreadTeam team(2);
  std::atomic<int> count{0};
  team.run([&](const TeamMember&) { count++; });
  const pid_t child = ::fork();
  if (child == 0) {
    std::atomic<int> in_child{0};
    team.run([&](const TeamMember&) { in_child++; });
    ::_exit(in_child == 2 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  team.run([&](const TeamMember&) { count++; });
  EXPECT_EQ(count, 4);
}
#endif

}  // namespace
}  // namespace headrace
