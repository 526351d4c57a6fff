#include "python/frame/numpy.h"

#include <fmt/format.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "frame/arrow_interface.h"
#include "python/errors.h"
#include "python/frame/values.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Array;
using frame::Bitmap;
using frame::Column;
using frame::DataType;
using frame::TimeUnit;
using frame::TypeId;

namespace {

/// A type of NumPy's by the letter of its kind and its width; Null if there is none.
DataType type_of(char kind, size_t width) {
  constexpr TypeId kSigned[] = {TypeId::Int8, TypeId::Int16, TypeId::Int32, TypeId::Int64};
  constexpr TypeId kUnsigned[] = {TypeId::UInt8, TypeId::UInt16, TypeId::UInt32, TypeId::UInt64};
  constexpr TypeId kFloats[] = {TypeId::Null, TypeId::Float16, TypeId::Float32, TypeId::Float64};
  const int place = width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : width == 8 ? 3 : -1;
  if (place < 0) return TypeId::Null;
  switch (kind) {
    case 'i': return kSigned[place];
    case 'u': return kUnsigned[place];
    case 'f': return kFloats[place];
    default: return TypeId::Null;
  }
}

/// Memory of a Python object's, given back with the interpreter's lock held, and never from a thread that others wait for.
Buffer buffer_of(nb::object owner, void* data, size_t bytes) {
  PyObject* kept = owner.release().ptr();
  return frame::wrap_foreign(static_cast<std::byte*>(data), bytes, [kept] {
    if (!Py_IsInitialized()) return;
    const nb::gil_scoped_acquire held;
    Py_DECREF(kept);
  });
}

constexpr int64_t kNotATime = INT64_MIN;

/// Nulls where the array says that there is no time.
Bitmap valid_times(const int64_t* values, size_t size) {
  size_t missing = 0;
  for (size_t i = 0; i < size; ++i) missing += values[i] == kNotATime;
  if (missing == 0) return {};
  const Bitmap valid = value_or_raise(Bitmap::zeros(size));
  for (size_t i = 0; i < size; ++i) {
    if (values[i] != kNotATime) valid.set(i);
  }
  return valid;
}

struct Plain {
  size_t size;
  void* data;
};

Plain plain_of(nb::handle array) {
  const nb::object interface = array.attr("__array_interface__");
  return {nb::cast<size_t>(nb::object(array.attr("shape")[0])),
          reinterpret_cast<void*>(nb::cast<size_t>(nb::object(interface["data"][0])))};
}

Column column_of_times(nb::handle array, const std::string& name, char kind) {
  const auto open = name.find('['), close = name.find(']');
  const std::string unit = open == name.npos ? "" : name.substr(open + 1, close - open - 1);
  const nb::object numpy = nb::module_::import_("numpy");
  if (unit == "D" && kind == 'M') {
    const nb::object days = array.attr("astype")("int64");
    const Plain plain = plain_of(days);
    const auto* values = static_cast<const int64_t*>(plain.data);
    const Buffer out = value_or_raise(Buffer::allocate(plain.size * 4));
    for (size_t i = 0; i < plain.size; ++i) {
      if (values[i] != kNotATime && !std::in_range<int32_t>(values[i])) throw nb::value_error("a date is too far away");
      out.as<int32_t>()[i] = values[i] == kNotATime ? 0 : static_cast<int32_t>(values[i]);
    }
    return value_or_raise(
        Array::make({.type = TypeId::Date, .size = plain.size, .validity = valid_times(values, plain.size), .values = out}));
  }
  if (unit != "ms" && unit != "us" && unit != "ns") {
    const auto wanted = fmt::format("{}8[{}]", kind, unit == "s" || unit == "m" || unit == "h" || unit == "D" ? "ms" : "us");
    return column_from_numpy(array.attr("astype")(wanted));
  }
  const TimeUnit time = value_or_raise(frame::time_unit_of(unit));
  const nb::object values = numpy.attr("ascontiguousarray")(array).attr("view")("int64");
  const Plain plain = plain_of(values);
  const DataType type = kind == 'M' ? DataType::datetime(time) : DataType::duration(time);
  return value_or_raise(Array::make({.type = type,
                                     .size = plain.size,
                                     .validity = valid_times(static_cast<const int64_t*>(plain.data), plain.size),
                                     .values = buffer_of(values, plain.data, plain.size * 8)}));
}

Column column_of_bools(nb::handle array) {
  const nb::object packed = nb::module_::import_("numpy").attr("packbits")(array, nb::arg("bitorder") = "little");
  const Plain plain = plain_of(packed);
  return value_or_raise(Array::make({.type = TypeId::Bool, .size = nb::cast<size_t>(nb::object(array.attr("shape")[0])),
                                     .values = buffer_of(packed, plain.data, plain.size)}));
}

}  // namespace

Column column_from_numpy(nb::handle array) {
  if (nb::cast<int>(array.attr("ndim")) != 1) {
    throw nb::value_error("an array of one dimension makes a column; take another's rows or columns apart first");
  }
  const nb::object dtype = array.attr("dtype");
  const auto kind = nb::cast<std::string>(dtype.attr("kind"))[0];
  if (kind == 'M' || kind == 'm') return column_of_times(array, nb::cast<std::string>(dtype.attr("name")), kind);
  if (kind == 'b') return column_of_bools(array);
  const DataType type = type_of(kind, nb::cast<size_t>(dtype.attr("itemsize")));
  if (type.id() == TypeId::Null) return column_from_sequence(array.attr("tolist")(), std::nullopt);
  const nb::object native = nb::module_::import_("numpy").attr("ascontiguousarray")(array, dtype.attr("newbyteorder")("="));
  const Plain plain = plain_of(native);
  const size_t bytes = plain.size * type.value_bytes();
  return value_or_raise(Array::make({.type = type, .size = plain.size, .values = buffer_of(native, plain.data, bytes)}));
}

namespace {

/// The name of NumPy's type for a column without nulls; none: objects.
std::string dtype_of(const DataType& type) {
  switch (type.id()) {
    case TypeId::Int8: return "int8";
    case TypeId::Int16: return "int16";
    case TypeId::Int32: return "int32";
    case TypeId::Int64: return "int64";
    case TypeId::UInt8: return "uint8";
    case TypeId::UInt16: return "uint16";
    case TypeId::UInt32: return "uint32";
    case TypeId::UInt64: return "uint64";
    case TypeId::Float16: return "float16";
    case TypeId::Float32: return "float32";
    case TypeId::Float64: return "float64";
    case TypeId::Datetime: return fmt::format("datetime64[{}]", frame::name(type.unit()));
    case TypeId::Duration: return fmt::format("timedelta64[{}]", frame::name(type.unit()));
    default: return {};
  }
}

/// The values' memory as NumPy's, kept alive by the array.
nb::object shared(const Array& array, const std::string& dtype) {
  auto* owner = new Array(array);
  const nb::capsule keep(owner, [](void* pointer) noexcept { delete static_cast<Array*>(pointer); });
  const size_t shape[] = {array.size() * array.type().value_bytes()};
  const nb::object bytes = nb::cast(nb::ndarray<nb::numpy, const uint8_t>(const_cast<uint8_t*>(
      array.data<uint8_t>() + array.offset() * (array.type().value_bytes() - 1)), 1, shape, keep));
  return bytes.attr("view")(dtype);
}

nb::object objects_of(const Column& column) {
  const nb::object out = nb::module_::import_("numpy").attr("empty")(column.size(), nb::arg("dtype") = "object");
  size_t at = 0;
  for (const Array& chunk : column.chunks()) {
    for (size_t row = 0; row < chunk.size(); ++row) out[at++] = value_at(chunk, row);
  }
  return out;
}

/// True where a chunk has a value.
nb::object mask_of(const Array& chunk) {
  const nb::object numpy = nb::module_::import_("numpy");
  const nb::object mask = numpy.attr("empty")(chunk.size(), nb::arg("dtype") = "bool");
  auto* values = static_cast<bool*>(plain_of(mask).data);
  for (size_t row = 0; row < chunk.size(); ++row) values[row] = chunk.is_valid(row);
  return mask;
}

nb::object bools_of(const Column& column) {
  const nb::object out = nb::module_::import_("numpy").attr("empty")(column.size(), nb::arg("dtype") = "bool");
  auto* values = static_cast<bool*>(plain_of(out).data);
  for (const Array& chunk : column.chunks()) {
    const Bitmap bits = chunk.bits();
    for (size_t row = 0; row < chunk.size(); ++row) *values++ = bits[row];
  }
  return out;
}

nb::object dates_of(const Array& chunk) {
  return shared(chunk, "int32").attr("astype")("datetime64[D]");
}

nb::object chunk_of(const Array& chunk, const std::string& dtype) {
  nb::object values = chunk.type().id() == TypeId::Date ? dates_of(chunk) : shared(chunk, dtype);
  if (chunk.nulls() == 0) return values;
  const bool whole = chunk.type().is_integer();
  values = values.attr("astype")(whole ? nb::str("float64") : nb::object(values.attr("dtype")));
  const nb::object numpy = nb::module_::import_("numpy");
  const nb::object missing = chunk.type().is_temporal() ? nb::object(nb::str("NaT")) : nb::object(numpy.attr("nan"));
  values[numpy.attr("logical_not")(mask_of(chunk))] = missing;
  return values;
}

}  // namespace

nb::object numpy_of(const Column& column) {
  const DataType& type = column.type();
  if (type.id() == TypeId::Bool && column.nulls() == 0) return bools_of(column);
  const std::string dtype = dtype_of(type);
  if (dtype.empty() && type.id() != TypeId::Date) return objects_of(column);
  const nb::object numpy = nb::module_::import_("numpy");
  if (column.chunks().empty()) return numpy.attr("empty")(0, nb::arg("dtype") = dtype.empty() ? "datetime64[D]" : dtype);
  if (column.chunks().size() == 1) return chunk_of(column.chunks()[0], dtype);
  nb::list chunks;
  for (const Array& chunk : column.chunks()) chunks.append(chunk_of(chunk, dtype));
  return numpy.attr("concatenate")(chunks);
}

}  // namespace headrace::python
