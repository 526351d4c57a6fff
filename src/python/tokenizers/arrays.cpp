#include "python/tokenizers/arrays.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <deque>
#include <string>
#include <vector>

#include "python/errors.h"
#include "python/frame/capsules.h"
#include "python/tokenizers/arrow.h"
#include "python/tokenizers/utf8_texts.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::IncrementalDecoder;
using text::Offset;
using text::Pipeline;
using text::PipelineOptions;
using text::TokenId;

// ---- Texts in ----

class Buffer {
 public:
  explicit Buffer(nb::handle object) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw nb::python_error();
  }
  ~Buffer() { PyBuffer_Release(&view_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::string_view view() const { return {static_cast<const char*>(view_.buf), static_cast<size_t>(view_.len)}; }

 private:
  Py_buffer view_{};
};

/// Texts of Python objects, in place: `str`, or the UTF-8 of bytes, memoryviews and Arrow arrays.
class Texts {
 public:
  std::string_view add(nb::handle object) {
    std::string_view view;
    if (PyUnicode_Check(object.ptr())) {
      view = utf8_.of(object);
      if (!view.data()) throw nb::python_error();
      kept_.push_back(nb::borrow(object));
      has_str_ = true;
    } else if (PyObject_CheckBuffer(object.ptr())) {
      view = buffers_.emplace_back(object).view();
      has_bytes_ = true;
    } else {
      const auto type = nb::cast<std::string>(object.type().attr("__name__"));
      throw nb::type_error(("a text must be str, bytes or a memoryview, not " + type).c_str());
    }
    views_.push_back(view);
    return view;
  }
  void add_all(nb::handle texts) {
    if (PyUnicode_Check(texts.ptr()) || PyBytes_Check(texts.ptr())) throw nb::type_error("texts must be several texts; encode_array takes one");
    if (offers_arrow(texts)) {
      arrow_.read(texts, views_);
      has_bytes_ = true;
      return;
    }
    for (const nb::handle text : nb::iter(texts)) add(text);
  }
  std::span<const std::string_view> views() const { return views_; }
  /// What may be wrong with their bytes: nothing if all were `str`.
  text::InvalidUtf8 invalid() const { return has_bytes_ ? text::InvalidUtf8::Refuse : text::InvalidUtf8::Trust; }
  /// What offsets count: characters of `str`, bytes of other texts.
  text::OffsetUnit unit() const {
    if (has_str_ && has_bytes_) throw nb::type_error("offsets of str count characters, those of other texts bytes; do not mix them in one call");
    return has_str_ ? text::OffsetUnit::Character : text::OffsetUnit::Byte;
  }

 private:
  std::vector<std::string_view> views_;
  std::vector<nb::object> kept_;
  Utf8Texts utf8_;
  std::deque<Buffer> buffers_;
  ArrowTexts arrow_;
  bool has_str_ = false;
  bool has_bytes_ = false;
};

// ---- Arrays out ----

/// A NumPy array over the vector's memory, which it then owns.
template <class Item, class T>
nb::object array_of(std::vector<T> values) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
  constexpr size_t kItems = sizeof(T) / sizeof(Item);
  const size_t shape[] = {kept->size(), kItems};
  return nb::cast(nb::ndarray<nb::numpy, Item>(kept->data(), kItems == 1 ? 1 : 2, shape, owner));
}

nb::object ids_array(std::vector<TokenId> ids) { return array_of<uint32_t>(std::move(ids)); }
nb::object offsets_array(std::vector<Offset> offsets) { return array_of<uint32_t>(std::move(offsets)); }

PipelineOptions options_of(bool add_special_tokens, bool truncation, bool padding, std::optional<bool> encode_special_tokens) {
  PipelineOptions options;
  options.add_special_tokens = add_special_tokens;
  options.truncate = truncation;
  options.pad = padding;
  options.encode_special_tokens = encode_special_tokens;
  return options;
}

nb::object encode_array(const Pipeline& self, nb::handle text, bool add_special_tokens, bool offsets, bool truncation, bool padding,
                        std::optional<bool> encode_special_tokens) {
  Texts texts;
  const std::string_view view = texts.add(text);
  auto options = options_of(add_special_tokens, truncation, padding, encode_special_tokens);
  options.unit = texts.unit();
  options.invalid_utf8 = texts.invalid();
  std::vector<TokenId> ids;
  std::vector<Offset> spans;
  {
    const nb::gil_scoped_release released;
    check_or_raise(self.encode_ids(view, options, ids, offsets ? &spans : nullptr));
  }
  if (!offsets) return ids_array(std::move(ids));
  return nb::make_tuple(ids_array(std::move(ids)), offsets_array(std::move(spans)));
}

nb::tuple encode_batch_array(const Pipeline& self, nb::handle input, bool add_special_tokens, bool offsets, bool truncation, bool padding,
                             std::optional<bool> encode_special_tokens) {
  Texts texts;
  texts.add_all(input);
  auto options = options_of(add_special_tokens, truncation, padding, encode_special_tokens);
  if (offsets) options.unit = texts.unit();
  options.invalid_utf8 = texts.invalid();
  text::IdRows rows;
  {
    const nb::gil_scoped_release released;
    rows = value_or_raise(self.encode_batch_ids(texts.views(), options, offsets));
  }
  const nb::object ids = ids_array(std::move(rows.ids));
  const nb::object starts = array_of<int64_t>(std::move(rows.row_starts));
  if (!offsets) return nb::make_tuple(ids, starts);
  return nb::make_tuple(ids, starts, offsets_array(std::move(rows.offsets)));
}

size_t count(const Pipeline& self, nb::handle text, bool add_special_tokens, bool truncation, bool padding, std::optional<bool> encode_special_tokens) {
  Texts texts;
  const std::string_view view = texts.add(text);
  std::vector<TokenId> ids;
  const nb::gil_scoped_release released;
  check_or_raise(self.encode_ids(view, options_of(add_special_tokens, truncation, padding, encode_special_tokens), ids));
  return ids.size();
}

nb::object encode_segments(const Pipeline& self, nb::handle input, bool add_special_tokens, bool offsets, bool truncation, bool padding) {
  Texts texts;
  std::vector<text::TextSegment> segments;
  for (const nb::handle pair : nb::iter(input)) {
    if (!PyTuple_Check(pair.ptr()) || nb::len(pair) != 2) throw nb::type_error("a segment must be a tuple (text, trusted)");
    const nb::object text = pair[0];
    const nb::object trusted = pair[1];
    if (!PyBool_Check(trusted.ptr())) throw nb::type_error("whether a segment is trusted must be True or False");
    const std::string_view view = texts.add(text);
    segments.push_back({view, trusted.is(nb::handle(Py_True))});
  }
  auto options = options_of(add_special_tokens, truncation, padding, std::nullopt);
  if (offsets) options.unit = texts.unit();
  std::vector<TokenId> ids;
  std::vector<Offset> spans;
  {
    const nb::gil_scoped_release released;
    check_or_raise(self.encode_segments(segments, options, ids, offsets ? &spans : nullptr));
  }
  if (!offsets) return ids_array(std::move(ids));
  return nb::make_tuple(ids_array(std::move(ids)), offsets_array(std::move(spans)));
}

}  // namespace

void bind_arrays(nb::module_& module, nb::class_<Pipeline>& tokenizer) {
  nb::class_<IncrementalDecoder>(module, "StreamDecoder", "Decodes ids one at a time; never takes back what it gave out.")
      .def("push", [](IncrementalDecoder& self, TokenId id) { return str_of(self.push(id)); }, "id"_a, "The text that this id completes.")
      .def("finish", [](IncrementalDecoder& self) { return std::string(value_or_raise(self.finish())); },
           "What is still held back; the next push begins another text.");
  tokenizer
      .def("encode_array", &encode_array, "text"_a, "add_special_tokens"_a = true, "offsets"_a = false, nb::kw_only(), "truncation"_a = true,
           "padding"_a = true, "encode_special_tokens"_a = nb::none(), "The ids of one text as a NumPy array; with offsets, a pair of arrays.")
      .def("encode_batch_array", &encode_batch_array, "texts"_a, "add_special_tokens"_a = true, "offsets"_a = false, nb::kw_only(),
           "truncation"_a = true, "padding"_a = true, "encode_special_tokens"_a = nb::none(),
           "The ids of all texts one after another, and where each text's begin (one more than texts).")
      .def("count", &count, "text"_a, "add_special_tokens"_a = true, nb::kw_only(), "truncation"_a = true, "padding"_a = true,
           "encode_special_tokens"_a = nb::none(), "How many ids a text has.")
      .def("encode_segments", &encode_segments, "segments"_a, "add_special_tokens"_a = true, "offsets"_a = false, nb::kw_only(),
           "truncation"_a = true, "padding"_a = true,
           "The ids of (text, trusted) pairs as one text; special tokens come out of trusted parts only.")
      .def("stream_decoder", [](const Pipeline& self, bool skip_special_tokens) { return value_or_raise(self.incremental_decoder(skip_special_tokens)); },
           "skip_special_tokens"_a = true, "A decoder for ids as they come.");
}

}  // namespace headrace::python
