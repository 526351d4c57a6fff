#include "python/tokenizers/id_list.h"

#include <cstdlib>

namespace nb = nanobind;

namespace headrace::python {
namespace {

constexpr uint32_t kShared = 1u << 20;  // ids below

/// By id; null: not made yet. Only pages of ids that occur are ever written to.
PyObject** shared_ints() {
  static auto** const ints = static_cast<PyObject**>(std::calloc(kShared, sizeof(PyObject*)));
  return ints;
}

PyObject* int_of(uint32_t id, PyObject** ints) {
  if (id >= kShared || !ints) return PyLong_FromUnsignedLong(id);
  if (!ints[id]) ints[id] = PyLong_FromUnsignedLong(id);
  Py_XINCREF(ints[id]);
  return ints[id];
}

}  // namespace

nb::list list_of_ids(std::span<const uint32_t> ids) {
  PyObject** const ints = shared_ints();
  nb::object list = nb::steal(PyList_New(static_cast<Py_ssize_t>(ids.size())));
  if (!list.is_valid()) throw nb::python_error();
  for (size_t i = 0; i < ids.size(); ++i) {
    PyObject* const id = int_of(ids[i], ints);
    if (!id) throw nb::python_error();
    PyList_SET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i), id);
  }
  return nb::borrow<nb::list>(list);
}

}  // namespace headrace::python
