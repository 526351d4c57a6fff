#include "base/thread_team.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cpu_features.h"

namespace headrace {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

/// Counts forks, so that a team can tell that its workers stayed in the parent.
std::atomic<uint32_t> fork_generation{0};

void watch_forks() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { fork_generation.fetch_add(1); });
  (void)registered;
}

void pause_cpu() { __builtin_ia32_pause(); }

void futex_wait(std::atomic<uint32_t>& word, uint32_t expected) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake_all(std::atomic<uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

/// Waits until `word` is no longer `old`: first by pausing, for as long as a kernel
/// step may reasonably keep another member, then parked, which costs two system
/// calls but leaves the core to whoever needs it.
/// Returns how long it was parked; only then is the clock read.
nanoseconds wait_for_change(std::atomic<uint32_t>& word, uint32_t old, std::atomic<uint32_t>& sleepers, int pauses) {
  for (int i = 0; i < pauses; ++i) {
    if (word.load(std::memory_order_acquire) != old) return nanoseconds(0);
    pause_cpu();
  }
  const Clock::time_point begin = Clock::now();
  sleepers.fetch_add(1);
  while (word.load() == old) futex_wait(word, old);
  sleepers.fetch_sub(1);
  return Clock::now() - begin;
}

/// Makes a change that waiters see; a system call only if one of them is parked.
void change(std::atomic<uint32_t>& word, uint32_t value, std::atomic<uint32_t>& sleepers) {
  word.store(value);
  if (sleepers.load() != 0) futex_wake_all(word);
}

constexpr int kBarrierPauses = 4000;  // ≈ 40–160 µs: longer than most kernel steps
constexpr int kIdlePauses = 2000;     // between two runs

constexpr uint32_t kMemberBits = 12;  // of the word that starts a run: how many take part
constexpr uint32_t kMemberMask = (1u << kMemberBits) - 1;

/// How many members the next run should have, by how long those of the runs before stood still.
class Register {
 public:
  Register(int size, bool adaptive) : size_(size), adaptive_(adaptive), members_(size) {}

  int members(Clock::time_point now) {
    if (members_ < size_ && now >= retry_) {  // a try: one bad row of runs ends it, and makes the next one rarer
      ++members_;
      bad_runs_ = 0;
      bad_time_ = nanoseconds(0);
    }
    return members_;
  }

  /// `stood`: time that members were parked in meetings, all together.
  void note(Clock::time_point now, nanoseconds run, nanoseconds stood) {
    if (!adaptive_ || members_ == 1) return;
    if (stood < run * (members_ - 1) / 3) {
      bad_runs_ = 0;
      bad_time_ = nanoseconds(0);
      if (++good_runs_ >= kGoodRuns) pause_ = kShortestPause;
      return;
    }
    good_runs_ = 0;
    bad_time_ += run;
    if (++bad_runs_ < kBadRuns || bad_time_ < kBadTime) return;
    --members_;
    bad_runs_ = 0;
    bad_time_ = nanoseconds(0);
    retry_ = now + pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
  }

 private:
  static constexpr int kBadRuns = 4;
  static constexpr int kGoodRuns = 32;
  static constexpr nanoseconds kBadTime = std::chrono::milliseconds(20);
  static constexpr nanoseconds kShortestPause = std::chrono::milliseconds(250);
  static constexpr nanoseconds kLongestPause = std::chrono::seconds(2);

  int size_;
  bool adaptive_;
  int members_;
  int bad_runs_ = 0;
  int good_runs_ = 0;
  nanoseconds bad_time_{0};
  nanoseconds pause_ = kShortestPause;
  Clock::time_point retry_{};
};

}  // namespace

struct ThreadTeam::State {
  State(int size, Attendance attendance) : attendees(size, attendance == Attendance::Adaptive) {}

  std::mutex lease;
  Register attendees;
  std::vector<std::thread> workers;
  uint32_t born_in = 0;
  const std::function<void(const TeamMember&)>* body = nullptr;

  // A count of runs, bumped to start one and to quit, and in its low bits how many members take part.
  alignas(64) std::atomic<uint32_t> run{0};
  std::atomic<uint32_t> run_sleepers{0};
  std::atomic<bool> quitting{false};
  alignas(64) std::atomic<uint32_t> arrived{0};
  alignas(64) std::atomic<uint32_t> phase{0};  // bumped when all have arrived
  std::atomic<uint32_t> phase_sleepers{0};
  std::atomic<int64_t> stood_ns{0};  // that members were parked in this run's meetings

  void meet(uint32_t members) {
    const uint32_t now = phase.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == members) {
      arrived.store(0, std::memory_order_relaxed);
      change(phase, now + 1, phase_sleepers);
    } else {
      const nanoseconds parked = wait_for_change(phase, now, phase_sleepers, kBarrierPauses);
      if (parked.count() != 0) stood_ns.fetch_add(parked.count(), std::memory_order_relaxed);
    }
  }
};

void TeamMember::barrier() const {
  if (size_ > 1) team_->state_->meet(static_cast<uint32_t>(size_));
}

ThreadTeam::ThreadTeam(int size, Attendance attendance)
    : size_(std::max(1, size == 0 ? usable_cpus() : size)), attendance_(attendance), state_(std::make_unique<State>(size_, attendance)) {
  watch_forks();
  state_->born_in = fork_generation.load();
}

ThreadTeam::~ThreadTeam() {
  if (state_->born_in != fork_generation.load()) {
    // The workers stayed in the parent: nothing to join, and their handles must not
    // be destroyed as joinable threads.
    for (std::thread& worker : state_->workers) worker.detach();
    return;
  }
  state_->quitting = true;
  change(state_->run, state_->run.load() + (1u << kMemberBits), state_->run_sleepers);
  for (std::thread& worker : state_->workers) worker.join();
}

void ThreadTeam::run(const std::function<void(const TeamMember&)>& body) {
  if (size_ == 1) {
    const std::lock_guard lock(state_->lease);
    body(TeamMember(this, 0, 1));
    return;
  }
  if (state_->born_in != fork_generation.load()) {
    // In a forked child: the state may hold a lock taken in the parent. Leave it
    // behind (a small, bounded leak) and start afresh.
    (void)state_.release();
    state_ = std::make_unique<State>(size_, attendance_);
    state_->born_in = fork_generation.load();
  }
  State& state = *state_;
  const std::lock_guard lock(state.lease);
  if (state.workers.empty()) {
    const uint32_t first_run = state.run.load();
    for (int index = 1; index < size_; ++index) {
      state.workers.emplace_back([this, &state, index, first_run] {
        uint32_t seen = first_run;
        for (;;) {
          wait_for_change(state.run, seen, state.run_sleepers, kIdlePauses);
          seen = state.run.load(std::memory_order_acquire);
          if (state.quitting) return;
          // One word says both: whoever takes no part must not look at a run that has moved on.
          const uint32_t members = seen & kMemberMask;
          if (static_cast<uint32_t>(index) >= members) continue;
          (*state.body)(TeamMember(this, index, static_cast<int>(members)));
          state.meet(members);
        }
      });
    }
  }
  const Clock::time_point begin = Clock::now();
  const int members = state.attendees.members(begin);
  if (members == 1) return body(TeamMember(this, 0, 1));
  state.body = &body;
  state.stood_ns.store(0, std::memory_order_relaxed);
  const uint32_t count = (state.run.load() >> kMemberBits) + 1;
  change(state.run, count << kMemberBits | static_cast<uint32_t>(members), state.run_sleepers);
  body(TeamMember(this, 0, members));
  state.meet(static_cast<uint32_t>(members));
  const Clock::time_point end = Clock::now();
  state.attendees.note(end, end - begin, nanoseconds(state.stood_ns.load(std::memory_order_relaxed)));
}

void ThreadTeam::parallel_for(uint32_t count, uint32_t grain, const std::function<void(uint32_t, uint32_t)>& body) {
  std::atomic<uint32_t> claim{0};
  run([&](const TeamMember& member) { member.share(claim, count, grain, body); });
}

}  // namespace headrace
