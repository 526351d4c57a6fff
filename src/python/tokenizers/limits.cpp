#include "text/limits.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "python/errors.h"
#include "python/tokenizers/components.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

nb::dict limits() {
  nb::dict result;
  for (const text::NamedLimit& one : text::named_limits()) result[nb::str(one.name.data(), one.name.size())] = text::limit(one.limit);
  return result;
}

void set_limits(const nb::kwargs& values) {
  for (const auto [name, value] : values) {
    const nb::object number = nb::steal(PyNumber_Index(value.ptr()));
    if (!number.is_valid()) throw nb::python_error();
    const unsigned long long wanted = PyLong_AsUnsignedLongLong(number.ptr());
    if (PyErr_Occurred()) throw nb::python_error();
    check_or_raise(text::set_limit(nb::cast<std::string>(name), wanted));
  }
}

}  // namespace

void bind_limits(nb::module_& module) {
  module.def("limits", &limits, "What tokenizers may make this process do: name and value of each limit.");
  module.def("set_limits", &set_limits, nb::arg("values"), "Sets limits of the process by name; they count from the next call on.");
  module.def("cache_bytes_in_use", &text::cache_bytes_in_use, "Bytes that all threads' caches have now.");
}

}  // namespace headrace::python
