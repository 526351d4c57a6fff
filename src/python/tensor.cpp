#include "python/tensor.h"

#include <fmt/format.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include "python/bindings.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

/// A view that keeps the values alive, and knows DLPack.
nb::object as_array(const Tensor& tensor) {
  auto* owner = new std::shared_ptr<std::vector<float>>(tensor.values);
  const nb::capsule keep(owner, [](void* pointer) noexcept { delete static_cast<std::shared_ptr<std::vector<float>>*>(pointer); });
  const size_t shape[] = {static_cast<size_t>(tensor.rows), static_cast<size_t>(tensor.columns)};
  return nb::cast(nb::ndarray<nb::array_api, float, nb::device::cpu>(tensor.values->data(), 2, shape, keep));
}

/// What a Py_buffer points to as long as it lives.
struct BufferShape {
  Py_ssize_t shape[2];
  Py_ssize_t strides[2];
};

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  auto& tensor = *nb::inst_ptr<Tensor>(nb::handle(self));
  constexpr auto kItem = static_cast<Py_ssize_t>(sizeof(float));
  auto* layout = new BufferShape{{tensor.rows, tensor.columns}, {tensor.columns * kItem, kItem}};
  static char format[] = "f";
  view->buf = tensor.values->data();
  view->obj = Py_NewRef(self);
  view->len = tensor.rows * tensor.columns * kItem;
  view->itemsize = kItem;
  view->readonly = 0;
  view->ndim = 2;
  view->format = (flags & PyBUF_FORMAT) != 0 ? format : nullptr;
  view->shape = (flags & PyBUF_ND) != 0 ? layout->shape : nullptr;
  view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? layout->strides : nullptr;
  view->suboffsets = nullptr;
  view->internal = layout;
  return 0;
}

void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<BufferShape*>(view->internal); }

PyType_Slot kSlots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)},
    {0, nullptr},
};

}  // namespace

void bind_tensor(nb::module_& module) {
  nb::class_<Tensor>(module, "Tensor", nb::type_slots(kSlots))
      .def_prop_ro("shape", [](const Tensor& t) { return nb::make_tuple(t.rows, t.columns); })
      .def_prop_ro("dtype", [](const Tensor&) { return "float32"; })
      .def_prop_ro("nbytes", [](const Tensor& t) { return t.values->size() * sizeof(float); })
      .def("__len__", [](const Tensor& t) { return t.rows; })
      .def("__dlpack__", [](const Tensor& t, const nb::kwargs& kwargs) { return as_array(t).attr("__dlpack__")(**kwargs); })
      .def("__dlpack_device__", [](const Tensor&) { return nb::make_tuple(1, 0); })
      .def("__repr__", [](const Tensor& t) { return fmt::format("Tensor(shape=({}, {}), dtype=float32)", t.rows, t.columns); });
}

}  // namespace headrace::python
