#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace headrace::python {

/// Tells an event loop that jobs have news: a file descriptor becomes readable, and
/// `take` names the jobs. The engine's thread only writes to it and never needs the
/// GIL. Thread-safe.
class Notifier {
 public:
  Notifier();
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  int descriptor() const { return descriptor_; }
  void notify(uint64_t job);
  /// The jobs that were notified since the last call, each once.
  std::vector<uint64_t> take();

 private:
  int descriptor_;
  std::mutex mutex_;
  std::vector<uint64_t> jobs_;
};

}  // namespace headrace::python
