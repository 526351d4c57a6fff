#pragma once

namespace headrace::net {

/// Catches SIGINT and SIGTERM while it lives, so that a program can end in good order.
/// One at a time in a process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Blocks until a signal comes (true), or `cancel` is called (false). Each signal
  /// ends one wait.
  bool wait();
  void cancel();
};

}  // namespace headrace::net
