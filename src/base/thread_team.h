#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace headrace {

class ThreadTeam;

/// One thread's view of a team while it runs: its index and the ways to meet the
/// others.
class TeamMember {
 public:
  /// 0 is the thread that called `run`.
  int index() const { return index_; }
  /// Members of this run, at most the team's size.
  int size() const { return size_; }

  /// Waits until every member is here. Waiters pause briefly, then park, so that
  /// a member whose core was taken away is not starved by the ones that wait.
  void barrier() const;

  /// Calls `body(begin, end)` for chunks of at most `grain` out of [0, count) until
  /// all members together have covered it; whoever is free takes the next chunk,
  /// so a stolen core costs its share and not the whole. `claim` must be 0 before
  /// the first member comes, and is shared by all of them. No barrier is implied.
  template <class Body>
  void share(std::atomic<uint32_t>& claim, uint32_t count, uint32_t grain, Body&& body) const {
    for (;;) {
      const uint32_t begin = claim.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= count) return;
      body(begin, begin + grain < count ? begin + grain : count);
    }
  }

  /// The same where a chunk is best taken by whoever had the one before it: each member has a range of chunks that
  /// follow one another, and helps with the others' when its own are done. `claims` is one for each member, all 0
  /// before the first of them comes.
  template <class Body>
  void share_ranges(std::atomic<uint32_t>* claims, uint32_t count, uint32_t grain, Body&& body) const {
    for (int i = 0, owner = index_; i < size_; ++i, owner = owner + 1 < size_ ? owner + 1 : 0) {
      const Range range = range_of(owner, count, grain);
      const uint32_t length = range.end - range.begin;
      // Loaded first: a range that is done is the usual case, and need not be written to.
      while (claims[owner].load(std::memory_order_relaxed) < length) {
        const uint32_t begin = claims[owner].fetch_add(grain, std::memory_order_relaxed);
        if (begin >= length) break;
        body(range.begin + begin, begin + grain < length ? range.begin + begin + grain : range.end);
      }
    }
  }

 private:
  /// The part of [0, count) that share_ranges gives to a member first.
  struct Range {
    uint32_t begin, end;
  };
  Range range_of(int member, uint32_t count, uint32_t grain) const {
    const uint64_t chunks = (uint64_t{count} + grain - 1) / grain;
    const auto bound = [&](int before) {
      const uint64_t chunk = chunks * static_cast<uint64_t>(before) / static_cast<uint64_t>(size_);
      return static_cast<uint32_t>(chunk == chunks ? count : chunk * grain);
    };
    return {bound(member), bound(member + 1)};
  }

  friend class ThreadTeam;
  TeamMember(ThreadTeam* team, int index, int size) : team_(team), index_(index), size_(size) {}
  ThreadTeam* team_;
  int index_;
  int size_;
};

/// A fixed number of threads that run one function together: the caller and
/// `size - 1` workers, started on first use and parked between runs. A team is
/// leased for one run at a time; concurrent callers wait their turn. After a fork
/// the child's team starts workers of its own.
///
/// Where other programs take a core, a member that has to share it keeps all others waiting for
/// its time slice, again and again. An *adaptive* team whose members have stood still for much of several
/// runs in a row goes on with one member less, and tries the larger number again now and then.
class ThreadTeam {
 public:
  enum class Attendance : uint8_t { Full, Adaptive };

  /// `size` 0 means usable_cpus().
  explicit ThreadTeam(int size = 0, Attendance attendance = Attendance::Full);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return size_; }

  /// Runs `body(member)` on every member (as many as take part in this run) and returns when all have returned.
  /// `body` must not throw and must not call `run` on the same team.
  void run(const std::function<void(const TeamMember&)>& body);

  /// A convenience for loops: body(begin, end) over [0, count) in chunks of `grain`.
  void parallel_for(uint32_t count, uint32_t grain, const std::function<void(uint32_t, uint32_t)>& body);

 private:
  friend class TeamMember;
  struct State;
  int size_;
  Attendance attendance_;
  std::unique_ptr<State> state_;
};

}  // namespace headrace
