#include "base/thread_team.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cpu_features.h"

namespace headrace {
namespace {

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
void wait_for_change(std::atomic<uint32_t>& word, uint32_t old, std::atomic<uint32_t>& sleepers, int pauses) {
  for (int i = 0; i < pauses; ++i) {
    if (word.load(std::memory_order_acquire) != old) return;
    pause_cpu();
  }
  sleepers.fetch_add(1);
  while (word.load() == old) futex_wait(word, old);
  sleepers.fetch_sub(1);
}

/// Makes a change that waiters see; a system call only if one of them is parked.
void change(std::atomic<uint32_t>& word, uint32_t value, std::atomic<uint32_t>& sleepers) {
  word.store(value);
  if (sleepers.load() != 0) futex_wake_all(word);
}

constexpr int kBarrierPauses = 4000;  // ≈ 40–160 µs: longer than most kernel steps
constexpr int kIdlePauses = 2000;     // between two runs

}  // namespace

struct ThreadTeam::State {
  std::mutex lease;
  std::vector<std::thread> workers;
  uint32_t born_in = 0;
  const std::function<void(const TeamMember&)>* body = nullptr;

  alignas(64) std::atomic<uint32_t> run{0};  // bumped to start a run, and to quit
  std::atomic<uint32_t> run_sleepers{0};
  std::atomic<bool> quitting{false};
  alignas(64) std::atomic<uint32_t> arrived{0};
  alignas(64) std::atomic<uint32_t> phase{0};  // bumped when all have arrived
  std::atomic<uint32_t> phase_sleepers{0};

  void meet(uint32_t members) {
    const uint32_t now = phase.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == members) {
      arrived.store(0, std::memory_order_relaxed);
      change(phase, now + 1, phase_sleepers);
    } else {
      wait_for_change(phase, now, phase_sleepers, kBarrierPauses);
    }
  }
};

int TeamMember::size() const { return team_->size_; }

void TeamMember::barrier() const {
  if (team_->size_ > 1) team_->state_->meet(static_cast<uint32_t>(team_->size_));
}

ThreadTeam::ThreadTeam(int size) : size_(std::max(1, size == 0 ? usable_cpus() : size)), state_(std::make_unique<State>()) {
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
  change(state_->run, state_->run.load() + 1, state_->run_sleepers);
  for (std::thread& worker : state_->workers) worker.join();
}

void ThreadTeam::run(const std::function<void(const TeamMember&)>& body) {
  if (size_ == 1) {
    const std::lock_guard lock(state_->lease);
    body(TeamMember(this, 0));
    return;
  }
  if (state_->born_in != fork_generation.load()) {
    // In a forked child: the state may hold a lock taken in the parent. Leave it
    // behind (a small, bounded leak) and start afresh.
    (void)state_.release();
    state_ = std::make_unique<State>();
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
          (*state.body)(TeamMember(this, index));
          state.meet(static_cast<uint32_t>(size_));
        }
      });
    }
  }
  state.body = &body;
  change(state.run, state.run.load() + 1, state.run_sleepers);
  body(TeamMember(this, 0));
  state.meet(static_cast<uint32_t>(size_));
}

void ThreadTeam::parallel_for(uint32_t count, uint32_t grain, const std::function<void(uint32_t, uint32_t)>& body) {
  std::atomic<uint32_t> claim{0};
  run([&](const TeamMember& member) { member.share(claim, count, grain, body); });
}

}  // namespace headrace
