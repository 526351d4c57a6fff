#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <memory>

#include "frame/sink.h"

namespace headrace::python {

/// Where a call writes: a path, or a function that takes bytes. The function is called while this lives, and never after: a thread that
/// Ctrl-C left behind must not ask for the lock of an interpreter that is ending.
class PythonTarget {
 public:
  explicit PythonTarget(nanobind::handle target) {
    if (!PyCallable_Check(target.ptr())) {
      target_ = nanobind::cast<std::filesystem::path>(target);
      return;
    }
    open_->function = nanobind::borrow(target);
    target_ = [open = open_](std::span<const std::byte> bytes) { return call(*open, bytes); };
  }
  PythonTarget(const PythonTarget&) = delete;
  PythonTarget& operator=(const PythonTarget&) = delete;
  ~PythonTarget() {
    open_->is_closed = true;
    open_->function.reset();
  }

  const frame::WriteTarget& target() const { return target_; }

 private:
  /// Changed under the interpreter's lock only.
  struct Open {
    nanobind::object function;
    std::atomic<bool> is_closed{false};
  };

  static Result<void> call(const Open& open, std::span<const std::byte> bytes) {
    const auto cancelled = [] { return fail(ErrorKind::Cancelled, "The query was cancelled."); };
    if (open.is_closed) return cancelled();
    const nanobind::gil_scoped_acquire acquired;
    if (open.is_closed) return cancelled();
    try {
      const nanobind::object function = open.function;
      function(nanobind::bytes(bytes.data(), bytes.size()));
    } catch (const nanobind::python_error& error) {
      return fail(ErrorKind::Io, std::string("The file cannot be written to: ") + error.what());
    }
    return {};
  }

  std::shared_ptr<Open> open_ = std::make_shared<Open>();
  frame::WriteTarget target_;
};

}  // namespace headrace::python
