#include "python/errors.h"

#include "python/bindings.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

/// The class in headrace/_errors.py that stands for a kind.
const char* class_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument: return "InvalidArgument";
    case ErrorKind::InvalidData: return "InvalidData";
    case ErrorKind::NotFound: return "NotFound";
    case ErrorKind::Unsupported: return "Unsupported";
    case ErrorKind::OutOfMemory: return "OutOfMemory";
    case ErrorKind::OutOfRange: return "OutOfRange";
    case ErrorKind::Busy: return "Busy";
    case ErrorKind::Cancelled: return "Cancelled";
    case ErrorKind::Io: return "SystemFailure";
    case ErrorKind::Internal: return "InternalError";
  }
  return "HeadraceError";
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Failure& failure) {
    const nb::object type = nb::module_::import_("headrace._errors").attr(class_name(failure.kind()));
    // A lone byte of a file's broken text must not hide the message.
    const nb::object message = nb::steal(PyUnicode_DecodeUTF8(failure.what(), static_cast<Py_ssize_t>(std::char_traits<char>::length(failure.what())), "replace"));
    PyErr_SetObject(type.ptr(), message.ptr());
  }
}

}  // namespace

void bind_errors() { nb::register_exception_translator(translate, nullptr); }

}  // namespace headrace::python
