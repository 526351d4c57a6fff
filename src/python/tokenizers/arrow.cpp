#include "python/tokenizers/arrow.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "frame/arrow_interface.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

using Schema = ArrowSchema;
using Array = ArrowArray;
using Stream = ArrowArrayStream;
using frame::Released;

/// Takes over what a capsule holds: whoever made it finds it released.
template <class T>
T taken_from(nb::handle capsule, const char* name) {
  auto* source = static_cast<T*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (!source) throw nb::python_error();
  if (!source->release) throw nb::value_error("the Arrow data was consumed before");
  const T result = *source;
  source->release = nullptr;
  return result;
}

bool is_null(const Array& array, int64_t row) {
  const auto* validity = static_cast<const uint8_t*>(array.buffers[0]);
  return validity && array.null_count != 0 && (validity[row / 8] >> (row % 8) & 1) == 0;
}

template <class Offset>
std::string_view text_at(const Array& array, int64_t row) {
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]);
  const auto begin = offsets[row];
  const auto end = offsets[row + 1];
  if (begin < 0 || end < begin) throw nb::value_error("the offsets of the Arrow array do not grow");
  return {static_cast<const char*>(array.buffers[2]) + begin, static_cast<size_t>(end - begin)};
}

/// 16 bytes: the length; then the text itself up to 12 bytes, or 4 of it, a buffer's index and an offset.
std::string_view view_at(const Array& array, int64_t row) {
  const char* view = static_cast<const char*>(array.buffers[1]) + 16 * row;
  int32_t fields[4];
  std::memcpy(fields, view, sizeof fields);
  const auto [size, start, buffer, offset] = fields;
  if (size < 0) throw nb::value_error("a view of the Arrow array has a negative length");
  if (size <= 12) return {view + 4, static_cast<size_t>(size)};
  // The last buffer has the sizes of the others.
  if (buffer < 0 || buffer >= array.n_buffers - 3 || offset < 0) throw nb::value_error("a view of the Arrow array points outside its buffers");
  const auto* sizes = static_cast<const int64_t*>(array.buffers[array.n_buffers - 1]);
  if (int64_t{offset} + size > sizes[buffer]) throw nb::value_error("a view of the Arrow array points outside its buffers");
  return {static_cast<const char*>(array.buffers[2 + buffer]) + offset, static_cast<size_t>(size)};
}

using ReadRow = std::string_view (*)(const Array&, int64_t);

ReadRow reader_of(const Schema& schema) {
  const std::string_view format = schema.format;
  if (!schema.dictionary) {
    if (format == "u" || format == "z") return &text_at<int32_t>;
    if (format == "U" || format == "Z") return &text_at<int64_t>;
    if (format == "vu" || format == "vz") return &view_at;
  }
  throw nb::type_error(fmt::format("texts must be an Arrow array of type Utf8, LargeUtf8 or Utf8View; this one has the format \"{}\"{}", format,
                                   schema.dictionary ? " with a dictionary" : format == "+s" ? ": give one column of the table" : "").c_str());
}

void read_rows(const Array& array, ReadRow read, std::vector<std::string_view>& views) {
  for (int64_t row = array.offset; row < array.offset + array.length; ++row) {
    if (is_null(array, row)) throw nb::value_error(fmt::format("text {} is null; fill it or leave it out", views.size()).c_str());
    views.push_back(read(array, row));
  }
}

}  // namespace

struct ArrowTexts::Held : Released<Array> {};

ArrowTexts::ArrowTexts() = default;
ArrowTexts::~ArrowTexts() = default;
ArrowTexts::ArrowTexts(ArrowTexts&&) noexcept = default;
ArrowTexts& ArrowTexts::operator=(ArrowTexts&&) noexcept = default;

void ArrowTexts::read(nb::handle object, std::vector<std::string_view>& views) {
  if (nb::hasattr(object, "__arrow_c_array__")) {
    const nb::object capsules = object.attr("__arrow_c_array__")();
    const Released<Schema> schema{taken_from<Schema>(nb::object(capsules[0]), "arrow_schema")};
    auto& held = held_.emplace_back(std::make_unique<Held>());
    held->value = taken_from<Array>(nb::object(capsules[1]), "arrow_array");
    return read_rows(held->value, reader_of(schema.value), views);
  }
  const nb::object capsule = object.attr("__arrow_c_stream__")();
  Released<Stream> stream{taken_from<Stream>(capsule, "arrow_array_stream")};
  const auto check = [&](int code) {
    if (code == 0) return;
    const char* message = stream.value.get_last_error(&stream.value);
    throw nb::value_error(message ? message : std::strerror(code));
  };
  Released<Schema> schema;
  check(stream.value.get_schema(&stream.value, &schema.value));
  const ReadRow read = reader_of(schema.value);
  for (;;) {
    auto held = std::make_unique<Held>();
    check(stream.value.get_next(&stream.value, &held->value));
    if (!held->value.release) return;
    held_.push_back(std::move(held));
    read_rows(held_.back()->value, read, views);
  }
}

}  // namespace headrace::python
