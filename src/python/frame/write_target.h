#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "frame/sink.h"

namespace headrace::python {

/// A path, or a function that takes bytes.
inline frame::WriteTarget target_of(nanobind::handle target) {
  namespace nb = nanobind;
  if (!PyCallable_Check(target.ptr())) return nb::cast<std::filesystem::path>(target);
  // The last copy may go on a thread without the GIL.
  const std::shared_ptr<nb::object> function(new nb::object(nb::borrow(target)), [](nb::object* object) {
    const nb::gil_scoped_acquire acquired;
    delete object;
  });
  return [function](std::span<const std::byte> bytes) -> Result<void> {
    const nb::gil_scoped_acquire acquired;
    try {
      (*function)(nb::bytes(bytes.data(), bytes.size()));
    } catch (const nb::python_error& error) {
      return fail(ErrorKind::Io, std::string("The file cannot be written to: ") + error.what());
    }
    return {};
  };
}

}  // namespace headrace::python
