#include "cli/interrupt.h"

namespace headrace::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

}  // namespace

InterruptGuard::InterruptGuard() {
  ::sigaction(SIGINT, nullptr, &before_);
  install();
}

InterruptGuard::~InterruptGuard() { ::sigaction(SIGINT, &before_, nullptr); }

bool InterruptGuard::interrupted() { return g_interrupted != 0; }

void InterruptGuard::clear() { install(); }

void InterruptGuard::install() {
  g_interrupted = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { g_interrupted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // no SA_RESTART: a read in progress returns
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace headrace::cli
