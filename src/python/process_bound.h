#pragma once

#include <unistd.h>

#include <memory>
#include <utility>

#include "python/errors.h"

namespace headrace::python {

/// Shared ownership of something with threads or locks, which mean nothing after a
/// fork: in the child, `get` raises and the destructor leaves the object alone (its
/// threads are not there to be joined, its locks may be held by them).
template <class T>
class ProcessBound {
 public:
  explicit ProcessBound(std::shared_ptr<T> object) : object_(std::move(object)), process_(::getpid()) {}
  ProcessBound(ProcessBound&&) = default;
  ProcessBound& operator=(ProcessBound&&) = delete;
  ~ProcessBound() {
    if (is_foreign() && object_) (void)new std::shared_ptr<T>(std::move(object_));
  }

  /// Whether there is something to look after: not moved away, and of this process.
  bool owns() const { return object_ && !is_foreign(); }
  bool is_foreign() const { return process_ != ::getpid(); }

  /// For parts without threads or locks, which the child may read.
  const std::shared_ptr<T>& unchecked() const { return object_; }

  const std::shared_ptr<T>& get() const {
    if (is_foreign()) {
      throw Failure({ErrorKind::Unsupported,
                     "this LLM was loaded before the process forked and cannot be used in the child; make a new headrace.LLM there"});
    }
    return object_;
  }

 private:
  std::shared_ptr<T> object_;
  pid_t process_;
};

}  // namespace headrace::python
