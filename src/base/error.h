#pragma once

#include <expected>
#include <string>
#include <utility>

namespace headrace {

/// What went wrong, coarsely: callers choose a status code or an exception by it.
enum class ErrorKind {
  InvalidArgument,  ///< the caller gave a value that cannot be accepted
  InvalidData,      ///< a file or message does not follow its format
  NotFound,         ///< a file, model or name that does not exist
  Unsupported,      ///< well-formed, but not something this build does
  OutOfMemory,      ///< a memory budget would be exceeded
  OutOfRange,       ///< too long, too many, too deep
  Busy,             ///< a queue is full or a resource is held; try again later
  Cancelled,        ///< the caller asked for it to stop
  Io,               ///< the operating system refused
  Internal,         ///< a broken invariant: a bug in Headrace
};

/// Returns the name of a kind in lower snake case, for logs and JSON.
const char* name(ErrorKind kind);

/// A failure as a value. `message` is one sentence for a person: what is wrong,
/// where, and how to mend it. `value` is the offending value alone, where there is
/// one, for programs that want to show or match it.
struct Error {
  ErrorKind kind = ErrorKind::Internal;
  std::string message = {};
  std::string value = {};
};

/// A value or the reason why there is none.
template <class T>
using Result = std::expected<T, Error>;

/// Builds the error side of a Result.
inline std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string value = {}) {
  return std::unexpected<Error>(Error{kind, std::move(message), std::move(value)});
}

}  // namespace headrace

/// Evaluates a Result; returns its error from the enclosing function, or goes on.
#define HR_CHECK(expression)                                            \
  do {                                                                  \
    if (auto hr_status = (expression); !hr_status) [[unlikely]]         \
      return std::unexpected<::headrace::Error>(std::move(hr_status).error()); \
  } while (false)

#define HR_CONCAT_INNER(a, b) a##b
#define HR_CONCAT(a, b) HR_CONCAT_INNER(a, b)

/// `HR_TRY(auto value, expression);` declares `value` from a Result, or returns
/// its error from the enclosing function.
#define HR_TRY(declaration, expression) HR_TRY_NAMED(HR_CONCAT(hr_result_, __LINE__), declaration, expression)
#define HR_TRY_NAMED(result, declaration, expression)                   \
  auto result = (expression);                                           \
  if (!result) [[unlikely]]                                             \
    return std::unexpected<::headrace::Error>(std::move(result).error()); \
  declaration = std::move(*result)
