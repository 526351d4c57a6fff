#pragma once

#include <fmt/format.h>

#include <functional>
#include <string_view>

namespace headrace {

enum class LogLevel { Debug, Info, Warning, Error, Off };

/// Messages below `level` are dropped. The default is Warning, or HEADRACE_LOG
/// (debug, info, warning, error, off).
void set_log_level(LogLevel level);
LogLevel log_level();

/// Replaces standard error as the destination (Python forwards to `logging`).
/// The sink may be called from any thread, one call at a time. Empty restores it.
void set_log_sink(std::function<void(LogLevel, std::string_view part, std::string_view message)> sink);

void log_message(LogLevel level, std::string_view part, std::string_view message);

/// log(LogLevel::Info, "engine", "{} requests", n)
template <class... Args>
void log(LogLevel level, std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (level >= log_level()) log_message(level, part, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace headrace
