#include "net/stop_signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace headrace::net {
namespace {

TEST(StopSignals, ends_one_wait_for_each_signal) {
  StopSignals signals;
  std::raise(SIGTERM);
  std::raise(SIGINT);
  EXPECT_TRUE(signals.wait());
  EXPECT_TRUE(signals.wait());
}

TEST(StopSignals, stops_waiting_when_cancelled) {
  StopSignals signals;
  std::thread other([&] { signals.cancel(); });
  EXPECT_FALSE(signals.wait());
  other.join();
}

TEST(StopSignals, gives_the_signals_back) {
  std::signal(SIGTERM, SIG_IGN);
  { StopSignals signals; }
  EXPECT_EQ(std::signal(SIGTERM, SIG_DFL), SIG_IGN);
}

}  // namespace
}  // namespace headrace::net
