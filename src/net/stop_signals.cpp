#include "net/stop_signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace headrace::net {

namespace {

// A handler may do little more than write to a pipe.
int g_pipe[2] = {-1, -1};
struct sigaction g_previous_int, g_previous_term;

void note_signal(int) {
  const int saved = errno;
  [[maybe_unused]] const auto written = ::write(g_pipe[1], "s", 1);
  errno = saved;
}

}  // namespace

StopSignals::StopSignals() {
  if (::pipe(g_pipe) != 0) return;
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &g_previous_int);
  ::sigaction(SIGTERM, &action, &g_previous_term);
}

StopSignals::~StopSignals() {
  if (g_pipe[0] < 0) return;
  ::sigaction(SIGINT, &g_previous_int, nullptr);
  ::sigaction(SIGTERM, &g_previous_term, nullptr);
  ::close(g_pipe[0]);
  ::close(g_pipe[1]);
  g_pipe[0] = g_pipe[1] = -1;
}

bool StopSignals::wait() {
  char byte = 0;
  for (;;) {
    const auto got = ::read(g_pipe[0], &byte, 1);
    if (got == 1) return byte == 's';
    if (got < 0 && errno == EINTR) continue;
    return false;
  }
}

void StopSignals::cancel() { [[maybe_unused]] const auto written = ::write(g_pipe[1], "c", 1); }

}  // namespace headrace::net
