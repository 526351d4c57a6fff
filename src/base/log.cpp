#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

namespace headrace {
namespace {

using Sink = std::function<void(LogLevel, std::string_view, std::string_view)>;

LogLevel level_from_environment() {
  const char* value = std::getenv("HEADRACE_LOG");
  const std::string_view text = value == nullptr ? "" : value;
  if (text == "debug") return LogLevel::Debug;
  if (text == "info") return LogLevel::Info;
  if (text == "error") return LogLevel::Error;
  if (text == "off") return LogLevel::Off;
  return LogLevel::Warning;
}

std::atomic<LogLevel>& current_level() {
  static std::atomic<LogLevel> level = level_from_environment();
  return level;
}

std::mutex sink_mutex;

Sink& current_sink() {
  static Sink sink;
  return sink;
}

const char* word(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return "debug";
    case LogLevel::Info: return "info";
    case LogLevel::Warning: return "warning";
    case LogLevel::Error: return "error";
    case LogLevel::Off: break;
  }
  return "";
}

}  // namespace

void set_log_level(LogLevel level) { current_level() = level; }

LogLevel log_level() { return current_level().load(std::memory_order_relaxed); }

void set_log_sink(Sink sink) {
  const std::lock_guard lock(sink_mutex);
  current_sink() = std::move(sink);
}

void log_message(LogLevel level, std::string_view part, std::string_view message) {
  const std::lock_guard lock(sink_mutex);
  if (const Sink& sink = current_sink()) {
    sink(level, part, message);
    return;
  }
  const std::string line = fmt::format("headrace {} [{}]: {}\n", word(level), part, message);
  // One write, so that lines of several threads do not mix.
  [[maybe_unused]] const ssize_t wrote = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace headrace
