#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/error.h"

namespace headrace::text::jinja {

/// How the parser and the renderer stop. Template semantics are an interpreter's:
/// nearly every operation may fail, so inside this folder a failure is thrown, and
/// ChatTemplate, its only door, turns it into an Error. `line` 0 means "where the
/// renderer is".
struct Failure {
  ErrorKind kind = ErrorKind::InvalidArgument;
  std::string message;
  int line = 0;
};

template <class... Args>
[[noreturn]] void stop(fmt::format_string<Args...> format, Args&&... args) {
  throw Failure{ErrorKind::InvalidArgument, fmt::format(format, std::forward<Args>(args)...), 0};
}

/// Stops because a limit is reached.
template <class... Args>
[[noreturn]] void stop_at_limit(fmt::format_string<Args...> format, Args&&... args) {
  throw Failure{ErrorKind::OutOfRange, fmt::format(format, std::forward<Args>(args)...), 0};
}

}  // namespace headrace::text::jinja
