#include "python/frame/capsules.h"

#include <utility>

#include "python/errors.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

constexpr const char* kSchema = "arrow_schema";
constexpr const char* kArray = "arrow_array";
constexpr const char* kStream = "arrow_array_stream";

template <class T>
T* pointer_of(nb::handle capsule, const char* name) {
  auto* pointer = static_cast<T*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (pointer == nullptr) throw nb::python_error();
  return pointer;
}

template <class T>
void free_struct(PyObject* capsule, const char* name) {
  auto* pointer = static_cast<T*>(PyCapsule_GetPointer(capsule, name));
  if (pointer->release != nullptr) pointer->release(pointer);
  delete pointer;
}

/// A capsule of a struct that is released with it, unless somebody takes it.
template <class T>
nb::object capsule_of(std::unique_ptr<T> content, const char* name, void (*destroy)(PyObject*)) {
  PyObject* capsule = PyCapsule_New(content.get(), name, destroy);
  if (capsule == nullptr) throw nb::python_error();
  content.release();
  return nb::steal(capsule);
}

frame::DataFrame from_array(nb::handle object) {
  const nb::object pair = object.attr("__arrow_c_array__")();
  auto* schema = pointer_of<ArrowSchema>(nb::object(pair[0]), kSchema);
  auto* array = pointer_of<ArrowArray>(nb::object(pair[1]), kArray);
  // A stream of the one array.
  struct Source {
    ArrowSchema* schema;
    ArrowArray* array;
  } source{schema, array};
  ArrowArrayStream stream{
      .get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
        ArrowSchema* taken = static_cast<Source*>(self->private_data)->schema;
        *out = *taken;
        taken->release = nullptr;
        return 0;
      },
      .get_next = [](ArrowArrayStream* self, ArrowArray* out) {
        ArrowArray*& taken = static_cast<Source*>(self->private_data)->array;
        *out = ArrowArray{};
        if (taken != nullptr) std::swap(*out, *taken);
        taken = nullptr;
        return 0;
      },
      .get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; },
      .release = [](ArrowArrayStream* self) { self->release = nullptr; },
      .private_data = &source};
  return value_or_raise(frame::import_stream(&stream));
}

}  // namespace

bool offers_arrow(nb::handle object) { return nb::hasattr(object, "__arrow_c_stream__") || nb::hasattr(object, "__arrow_c_array__"); }

frame::DataFrame frame_from_arrow(nb::handle object) {
  if (!nb::hasattr(object, "__arrow_c_stream__")) return from_array(object);
  const nb::object capsule = object.attr("__arrow_c_stream__")();
  auto* stream = pointer_of<ArrowArrayStream>(capsule, kStream);
  // Reading may take long, and the producer may want the lock for itself.
  const nb::gil_scoped_release released;
  return value_or_raise(frame::import_stream(stream));
}

nb::object stream_capsule(frame::DataFrame frame, nb::handle requested) {
  const ArrowSchema* wanted = requested.is_none() ? nullptr : pointer_of<ArrowSchema>(requested, kSchema);
  auto stream = std::make_unique<ArrowArrayStream>();
  frame::export_stream(std::move(frame), stream.get(), wanted);
  return capsule_of(std::move(stream), kStream, [](PyObject* capsule) { free_struct<ArrowArrayStream>(capsule, kStream); });
}

nb::object column_capsule(const frame::Field& field, const frame::Column& column, nb::handle requested) {
  const ArrowSchema* wanted = requested.is_none() ? nullptr : pointer_of<ArrowSchema>(requested, kSchema);
  auto stream = std::make_unique<ArrowArrayStream>();
  frame::export_column(field, column, stream.get(), wanted);
  return capsule_of(std::move(stream), kStream, [](PyObject* capsule) { free_struct<ArrowArrayStream>(capsule, kStream); });
}

nb::object schema_capsule(const frame::Schema& schema) {
  auto out = std::make_unique<ArrowSchema>();
  frame::export_schema(schema, out.get());
  return capsule_of(std::move(out), kSchema, [](PyObject* capsule) { free_struct<ArrowSchema>(capsule, kSchema); });
}

}  // namespace headrace::python
