#pragma once

#include <exception>
#include <string>
#include <utility>

#include "base/error.h"

namespace headrace::python {

/// An Error on its way to Python, where it becomes the exception of its kind. The only
/// place where Headrace throws.
class Failure : public std::exception {
 public:
  explicit Failure(Error error) : error_(std::move(error)) {}
  const char* what() const noexcept override { return error_.message.c_str(); }
  ErrorKind kind() const { return error_.kind; }

 private:
  Error error_;
};

template <class T>
T value_or_raise(Result<T> result) {
  if (!result) throw Failure(std::move(result).error());
  return *std::move(result);
}

inline void check_or_raise(Result<void> result) {
  if (!result) throw Failure(std::move(result).error());
}

}  // namespace headrace::python
