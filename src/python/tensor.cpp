#include "python/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <vector>

#include "python/bindings.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

using tensor::DataType;

nb::dlpack::dtype dlpack_type(DataType type) {
  const auto code = [type] {
    switch (type) {
      case DataType::Float32:
      case DataType::Float16: return nb::dlpack::dtype_code::Float;
      case DataType::BFloat16: return nb::dlpack::dtype_code::Bfloat;
      case DataType::Int32:
      case DataType::Int64: return nb::dlpack::dtype_code::Int;
      case DataType::UInt8: return nb::dlpack::dtype_code::UInt;
      case DataType::Bool: return nb::dlpack::dtype_code::Bool;
    }
    return nb::dlpack::dtype_code::Float;
  }();
  return {static_cast<uint8_t>(code), static_cast<uint8_t>(tensor::size_bytes(type) * 8), 1};
}

/// The letter of Python's struct module; null for bfloat16, which has none.
const char* struct_format(DataType type) {
  switch (type) {
    case DataType::Float32: return "f";
    case DataType::Float16: return "e";
    case DataType::BFloat16: return nullptr;
    case DataType::Int32: return "i";
    case DataType::Int64: return "q";
    case DataType::UInt8: return "B";
    case DataType::Bool: return "?";
  }
  return nullptr;
}

/// A view that keeps the memory alive, and knows DLPack.
nb::object as_array(const Tensor& tensor) {
  auto* owner = new Tensor(tensor);
  const nb::capsule keep(owner, [](void* pointer) noexcept { delete static_cast<Tensor*>(pointer); });
  const std::vector<size_t> shape(tensor.shape().begin(), tensor.shape().end());
  return nb::cast(nb::ndarray<nb::array_api>(tensor.data(), tensor.rank(), shape.data(), keep, tensor.strides().data(),
                                             dlpack_type(tensor.type()), nb::device::cpu::value));
}

/// What a Py_buffer points to as long as it lives.
struct BufferLayout {
  std::vector<Py_ssize_t> shape, strides;
};

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  const auto& tensor = *nb::inst_ptr<Tensor>(nb::handle(self));
  const auto refuse = [view](const char* why) {
    view->obj = nullptr;
    PyErr_SetString(PyExc_BufferError, why);
    return -1;
  };
  const char* format = struct_format(tensor.type());
  if (format == nullptr) return refuse("the buffer protocol has no bfloat16; take the tensor by DLPack");
  const bool takes_strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES;
  if (!takes_strides && !tensor.is_row_major()) return refuse("the tensor is not row-major, and the reader takes no strides");
  const auto item = static_cast<Py_ssize_t>(tensor::size_bytes(tensor.type()));
  auto* layout = new BufferLayout{{tensor.shape().begin(), tensor.shape().end()}, {tensor.strides().begin(), tensor.strides().end()}};
  for (auto& stride : layout->strides) stride *= item;
  view->buf = tensor.data();
  view->obj = Py_NewRef(self);
  view->len = tensor.elements() * item;
  view->itemsize = item;
  view->readonly = 0;
  view->ndim = static_cast<int>(tensor.rank());
  view->format = (flags & PyBUF_FORMAT) != 0 ? const_cast<char*>(format) : nullptr;
  view->shape = (flags & PyBUF_ND) != 0 ? layout->shape.data() : nullptr;
  view->strides = takes_strides ? layout->strides.data() : nullptr;
  view->suboffsets = nullptr;
  view->internal = layout;
  return 0;
}

void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<BufferLayout*>(view->internal); }

PyType_Slot kSlots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)},
    {0, nullptr},
};

nb::tuple shape_of(const Tensor& tensor) {
  nb::list shape;
  for (const int64_t extent : tensor.shape()) shape.append(extent);
  return nb::tuple(shape);
}

std::string repr(const Tensor& tensor) {
  return fmt::format("Tensor(shape=({}{}), dtype={})", fmt::join(tensor.shape(), ", "), tensor.rank() == 1 ? "," : "",
                     tensor::name(tensor.type()));
}

}  // namespace

void bind_tensor(nb::module_& module) {
  nb::class_<Tensor>(module, "Tensor", nb::type_slots(kSlots))
      .def_prop_ro("shape", shape_of)
      .def_prop_ro("dtype", [](const Tensor& t) { return tensor::name(t.type()); })
      .def_prop_ro("nbytes", [](const Tensor& t) { return t.elements() * tensor::size_bytes(t.type()); })
      .def("__len__", [](const Tensor& t) { return t.rank() == 0 ? 0 : t.shape()[0]; })
      .def("__dlpack__", [](const Tensor& t, const nb::kwargs& kwargs) { return as_array(t).attr("__dlpack__")(**kwargs); })
      .def("__dlpack_device__", [](const Tensor&) { return nb::make_tuple(1, 0); })
      .def("__repr__", repr);
}

}  // namespace headrace::python
