#pragma once

#include <csignal>

namespace headrace::cli {

/// Exit code of a command that Ctrl-C ended.
inline constexpr int kInterrupted = 130;

/// While one lives, Ctrl-C only sets a flag, and a second Ctrl-C that nobody has
/// answered in between ends the process as usual.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Whether Ctrl-C was pressed since the guard began or was last cleared.
  static bool interrupted();
  /// Forgets it, and catches the next one again.
  void clear();

 private:
  void install();
  struct sigaction before_ {};
};

}  // namespace headrace::cli
