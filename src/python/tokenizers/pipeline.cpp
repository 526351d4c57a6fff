#include "text/pipeline.h"

#include <fmt/format.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>

#include "python/tokenizers/added_token.h"
#include "python/tokenizers/arguments.h"
#include "python/tokenizers/arrays.h"
#include "python/tokenizers/components.h"
#include "python/tokenizers/handle.h"
#include "python/tokenizers/inputs.h"
#include "python/tokenizers/loading.h"
#include "python/tokenizers/py_encoding.h"
#include "python/tokenizers/sides.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::DecoderSpec;
using text::Encoding;
using text::ModelSpec;
using text::NormalizerSpec;
using text::PaddingParams;
using text::Pipeline;
using text::PipelineOptions;
using text::PostProcessorSpec;
using text::PreTokenizerSpec;
using text::TokenId;
using text::TruncationParams;

// ---- Truncation and padding ----

constexpr std::pair<TruncationParams::Strategy, const char*> kStrategies[] = {
    {TruncationParams::Strategy::LongestFirst, "longest_first"},
    {TruncationParams::Strategy::OnlyFirst, "only_first"},
    {TruncationParams::Strategy::OnlySecond, "only_second"},
};

TruncationParams::Strategy strategy_of(const std::string& word) {
  for (const auto& [strategy, name] : kStrategies) {
    if (word == name) return strategy;
  }
  throw nb::value_error(fmt::format("Unknown `strategy`: `{}`. Use one of `longest_first`, `only_first`, or `only_second`", word).c_str());
}

void enable_truncation(Pipeline& self, size_t max_length, const nb::kwargs& options) {
  TruncationParams params{.max_length = max_length};
  for (const auto [key, value] : options) {
    const std::string name = nb::cast<std::string>(key);
    if (name == "stride") {
      params.stride = nb::cast<size_t>(value);
    } else if (name == "strategy") {
      params.strategy = strategy_of(nb::cast<std::string>(value));
    } else if (name == "direction") {
      const std::string word = nb::cast<std::string>(value);
      params.direction = side_of(word, fmt::format("Unknown `direction`: `{}`. Use one of `left` or `right`.", word));
    } else {
      warn_unknown_option(key);
    }
  }
  check_or_raise(self.set_truncation(params));
}

nb::object truncation(const Pipeline& self) {
  const auto params = self.truncation();
  if (!params) return nb::none();
  nb::dict result;
  result["max_length"] = params->max_length;
  result["stride"] = params->stride;
  for (const auto& [strategy, name] : kStrategies) {
    if (strategy == params->strategy) result["strategy"] = name;
  }
  result["direction"] = name_of(params->direction);
  return result;
}

void enable_padding(Pipeline& self, const nb::kwargs& options) {
  PaddingParams params;
  for (const auto [key, value] : options) {
    const std::string name = nb::cast<std::string>(key);
    if (name == "direction") {
      const std::string word = nb::cast<std::string>(value);
      params.direction = side_of(word, fmt::format("Unknown `direction`: `{}`. Use one of `left` or `right`", word));
    } else if (name == "pad_to_multiple_of") {
      if (!value.is_none()) params.pad_to_multiple_of = nb::cast<size_t>(value);
    } else if (name == "pad_id") {
      params.pad_id = nb::cast<TokenId>(value);
    } else if (name == "pad_type_id") {
      params.pad_type_id = nb::cast<uint32_t>(value);
    } else if (name == "pad_token") {
      params.pad_token = nb::cast<std::string>(value);
    } else if (name == "length" || name == "max_length") {
      if (!value.is_none()) params.length = nb::cast<size_t>(value);
    } else {
      warn_unknown_option(key);
    }
  }
  self.set_padding(params);
}

template <class T>
nb::object or_none(const std::optional<T>& value) {
  return value ? nb::cast(*value) : nb::none();
}

nb::object padding(const Pipeline& self) {
  const auto params = self.padding();
  if (!params) return nb::none();
  nb::dict result;
  result["length"] = or_none(params->length);
  result["pad_to_multiple_of"] = or_none(params->pad_to_multiple_of);
  result["pad_id"] = params->pad_id;
  result["pad_token"] = params->pad_token;
  result["pad_type_id"] = params->pad_type_id;
  result["direction"] = name_of(params->direction);
  return result;
}

// ---- Encoding ----

std::vector<PyEncoding> encodings_of(std::vector<Encoding> encodings) {
  std::vector<PyEncoding> all;
  all.reserve(encodings.size());
  for (Encoding& encoding : encodings) all.emplace_back(std::move(encoding));
  return all;
}

/// The encodings of texts that need not be made whole yet; else none. `objects` are the texts.
std::optional<std::vector<PyEncoding>> encode_deferred(const Pipeline& self, const Inputs& inputs, const PipelineOptions& options) {
  std::vector<std::string_view> texts;
  texts.reserve(inputs.all().size());
  for (const text::PipelineInput& input : inputs.all()) {
    const auto* text = std::get_if<std::string_view>(&input.first);
    if (!text || input.second) return std::nullopt;
    texts.push_back(*text);
  }
  std::optional<std::vector<text::DeferredEncoding>> deferred;
  {
    const nb::gil_scoped_release released;
    deferred = value_or_raise(self.encode_batch_deferred(texts, options));
  }
  if (!deferred) return std::nullopt;
  std::vector<PyEncoding> all;
  all.reserve(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) all.emplace_back(std::move((*deferred)[i]), inputs.objects()[i]);
  return all;
}

PyEncoding encode(const Pipeline& self, nb::handle sequence, nb::handle pair, bool is_pretokenized, bool add_special_tokens) {
  Inputs inputs(is_pretokenized);
  inputs.add(sequence, pair);
  PipelineOptions options{add_special_tokens, text::OffsetUnit::Character, false};
  options.invalid_utf8 = text::InvalidUtf8::Trust;
  if (auto deferred = encode_deferred(self, inputs, options)) return std::move(deferred->front());
  Encoding encoding;
  {
    const nb::gil_scoped_release released;
    encoding = value_or_raise(self.encode(inputs.all()[0], options));
  }
  return PyEncoding(std::move(encoding));
}

std::vector<PyEncoding> encode_all(const Pipeline& self, nb::handle input, bool is_pretokenized, PipelineOptions options) {
  Inputs inputs(is_pretokenized);
  if (PyUnicode_Check(input.ptr()) || !PySequence_Check(input.ptr())) throw nb::type_error("argument 'input': expected a list of texts");
  for (const nb::handle element : input) inputs.add(element);
  options.invalid_utf8 = text::InvalidUtf8::Trust;
  if (auto deferred = encode_deferred(self, inputs, options)) return *std::move(deferred);
  std::vector<Encoding> encodings;
  {
    const nb::gil_scoped_release released;
    encodings = value_or_raise(self.encode_batch(inputs.all(), options));
  }
  return encodings_of(std::move(encodings));
}

std::vector<PyEncoding> encode_batch(const Pipeline& self, nb::handle input, bool is_pretokenized, bool add_special_tokens) {
  return encode_all(self, input, is_pretokenized, {add_special_tokens, text::OffsetUnit::Character, false});
}

std::vector<PyEncoding> encode_batch_fast(const Pipeline& self, nb::handle input, bool is_pretokenized, bool add_special_tokens) {
  return encode_all(self, input, is_pretokenized, {add_special_tokens, text::OffsetUnit::Byte, true});
}

// ---- Decoding ----

/// Ids that lie in memory one after another (a NumPy array); false: they do not, or one is no id.
bool read_array(nb::handle array, std::vector<TokenId>& ids) {
  Py_buffer view{};
  if (PyObject_GetBuffer(array.ptr(), &view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) != 0) return PyErr_Clear(), false;
  const std::string_view format = view.format ? view.format : "B";
  const bool is_signed = format == "i" || format == "l" || format == "q";
  const bool is_integer = is_signed || format == "I" || format == "L" || format == "Q";
  const bool fits = view.ndim == 1 && is_integer && (view.itemsize == 4 || view.itemsize == 8);
  bool valid = fits;
  const auto read = [&]<class T>(const T* values) {
    const auto count = static_cast<size_t>(view.len / view.itemsize);
    ids.resize(count);
    T all = 0;
    for (size_t i = 0; i < count; ++i) {
      all |= values[i];
      ids[i] = static_cast<TokenId>(values[i]);
    }
    if (sizeof(T) == 8) valid = (static_cast<uint64_t>(all) >> 32) == 0;
    if (sizeof(T) == 4 && is_signed) valid = static_cast<uint32_t>(all) >> 31 == 0;
  };
  if (fits && view.itemsize == 4) read(static_cast<const uint32_t*>(view.buf));
  if (fits && view.itemsize == 8) read(static_cast<const uint64_t*>(view.buf));
  PyBuffer_Release(&view);
  return valid;
}

/// Ids of a list of plain ints; false: it is something else, or one is no id.
bool read_list(nb::handle list, std::vector<TokenId>& ids) {
  const Py_ssize_t size = PyList_GET_SIZE(list.ptr());
  ids.resize(static_cast<size_t>(size));
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* const id = PyList_GET_ITEM(list.ptr(), i);
    if (!PyLong_CheckExact(id)) return false;
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(id, &overflow);
    if (overflow || value < 0 || value > 0xffffffffLL) return false;
    ids[static_cast<size_t>(i)] = static_cast<TokenId>(value);
  }
  return true;
}

std::vector<TokenId> ids_of(nb::handle sequence) {
  std::vector<TokenId> ids;
  if (PyList_CheckExact(sequence.ptr()) ? read_list(sequence, ids) : PyObject_CheckBuffer(sequence.ptr()) && read_array(sequence, ids)) return ids;
  ids.clear();  // one by one, which says what is wrong
  if (PyUnicode_Check(sequence.ptr())) throw nb::type_error("argument 'ids': Can't extract `str` to `Vec`");
  for (const nb::handle id : sequence) {
    const nb::object number = nb::steal(PyNumber_Index(id.ptr()));
    if (!number.is_valid()) throw nb::python_error();
    const unsigned long long value = PyLong_AsUnsignedLongLong(number.ptr());
    if (PyErr_Occurred()) throw nb::python_error();
    if (value > 0xffffffffULL) {
      PyErr_SetString(PyExc_OverflowError, "out of range integral type conversion attempted");
      throw nb::python_error();
    }
    ids.push_back(static_cast<TokenId>(value));
  }
  return ids;
}

nb::object decode(const Pipeline& self, nb::handle sequence, bool skip_special_tokens) {
  const auto ids = ids_of(sequence);
  std::string text;
  {
    const nb::gil_scoped_release released;
    text = value_or_raise(self.decode(ids, skip_special_tokens));
  }
  return str_of(text);
}

std::vector<std::string> decode_batch(const Pipeline& self, nb::handle sequences, bool skip_special_tokens) {
  std::vector<std::vector<TokenId>> batch;
  for (const nb::handle sequence : sequences) batch.push_back(ids_of(sequence));
  const nb::gil_scoped_release released;
  return value_or_raise(self.decode_batch(batch, skip_special_tokens));
}

// ---- Parts ----

template <class Spec>
using Getter = text::LivePart<Spec> (Pipeline::*)() const;
template <class Spec>
using Setter = void (Pipeline::*)(text::LivePart<Spec>);

template <class Spec>
void bind_part(nb::class_<Pipeline>& tokenizer, const char* name, Getter<Spec> get, Setter<Spec> set, const char* kind) {
  tokenizer.def_prop_rw(
      name, [get](const Pipeline& self) { return handle_of<Spec>((self.*get)()); },
      [set, kind](Pipeline& self, nb::object part) {
        if (part.is_none() && !std::is_same_v<Spec, ModelSpec>) return (self.*set)(nullptr);
        Handle<Spec>* handle = nullptr;
        if (!nb::try_cast(part, handle, false) || !handle) {
          throw nb::type_error(fmt::format("'{}' object is not an instance of '{}'", nb::cast<std::string>(part.type().attr("__name__")), kind).c_str());
        }
        (self.*set)(handle->live);
      },
      nb::for_setter(nb::arg("part").none()));
}

nb::dict added_tokens_decoder(const Pipeline& self) {
  nb::dict result;
  for (const auto& [id, token] : self.added_tokens()) result[nb::int_(id)] = added_token_of(token);
  return result;
}

void bind_loading(nb::class_<Pipeline>& tokenizer) {
  tokenizer
      .def_static("from_str", [](std::string_view json) {
        const nb::gil_scoped_release released;
        return with_tables(Pipeline::from_json(json));
      }, "json"_a)
      .def_static("from_buffer", [](const nb::bytes& buffer) {
        const nb::gil_scoped_release released;
        auto pipeline = Pipeline::from_json({buffer.c_str(), buffer.size()});
        if (!pipeline) throw Failure({ErrorKind::InvalidArgument, "Cannot instantiate Tokenizer from buffer: " + pipeline.error().message});
        return with_tables(std::move(pipeline));
      }, "buffer"_a)
      .def_static("from_file", [](const std::string& path) {
        const nb::gil_scoped_release released;
        return with_tables(Pipeline::from_file(path));
      }, "path"_a)
      .def("to_str", [](const Pipeline& self, bool pretty) {
        const nb::gil_scoped_release released;
        return value_or_raise(self.to_json(pretty));
      }, "pretty"_a = false)
      .def("save", [](const Pipeline& self, const std::string& path, bool pretty) {
        const nb::gil_scoped_release released;
        check_or_raise(self.save(path, pretty));
      }, "path"_a, "pretty"_a = true)
      .def("save_compiled", [](const Pipeline& self, const std::string& path) {
        const nb::gil_scoped_release released;
        check_or_raise(self.save_compiled(path));
      }, "path"_a)
      .def("__getstate__", [](const Pipeline& self) {
        const std::string json = value_or_raise(self.to_json(false));
        return nb::bytes(json.data(), json.size());
      })
      .def("__setstate__", [](Pipeline& self, const nb::bytes& state) {
        new (&self) Pipeline(value_or_raise(Pipeline::from_json({state.c_str(), state.size()})));
      })
      .def("__repr__", [](const Pipeline& self) { return representation(value_or_raise(self.to_json(false))); })
      .def("__str__", [](const Pipeline& self) { return short_representation(value_or_raise(self.to_json(false))); });
}

void bind_vocabulary(nb::class_<Pipeline>& tokenizer) {
  tokenizer.def("token_to_id", &Pipeline::token_to_id, "token"_a)
      .def("id_to_token", &Pipeline::id_to_token, "id"_a)
      .def("get_vocab", [](const Pipeline& self, bool with_added_tokens) { return dictionary_of(self.vocabulary(with_added_tokens)); },
           "with_added_tokens"_a = true)
      .def("get_vocab_size", &Pipeline::vocabulary_size, "with_added_tokens"_a = true)
      .def("get_added_tokens_decoder", &added_tokens_decoder)
      .def("add_tokens", [](Pipeline& self, const nb::list& tokens) { return value_or_raise(self.add_tokens(added_tokens_of(tokens, false))); }, "tokens"_a)
      .def("add_special_tokens", [](Pipeline& self, const nb::list& tokens) { return value_or_raise(self.add_special_tokens(added_tokens_of(tokens, true))); },
           "tokens"_a)
      .def("num_special_tokens_to_add", &Pipeline::num_special_tokens_to_add, "is_pair"_a);
}

}  // namespace

void bind_pipeline(nb::module_& module) {
  nb::class_<Pipeline> tokenizer(module, "Tokenizer", nb::is_weak_referenceable(), "Text to token ids and back, assembled from parts.");
  tokenizer.def("__init__", [](Pipeline* self, nb::handle model) {
    Handle<ModelSpec>* handle = nullptr;
    if (!nb::try_cast(model, handle, false) || !handle) {
      throw nb::type_error(fmt::format("'{}' object is not an instance of 'Model'", nb::cast<std::string>(model.type().attr("__name__"))).c_str());
    }
    new (self) Pipeline(handle->live);
  }, "model"_a);
  bind_loading(tokenizer);
  bind_arrays(module, tokenizer);
  bind_vocabulary(tokenizer);
  bind_part<NormalizerSpec>(tokenizer, "normalizer", &Pipeline::normalizer, &Pipeline::set_normalizer, "Normalizer");
  bind_part<PreTokenizerSpec>(tokenizer, "pre_tokenizer", &Pipeline::pre_tokenizer, &Pipeline::set_pre_tokenizer, "PreTokenizer");
  bind_part<ModelSpec>(tokenizer, "model", &Pipeline::model, &Pipeline::set_model, "Model");
  bind_part<PostProcessorSpec>(tokenizer, "post_processor", &Pipeline::post_processor, &Pipeline::set_post_processor, "PostProcessor");
  bind_part<DecoderSpec>(tokenizer, "decoder", &Pipeline::decoder, &Pipeline::set_decoder, "Decoder");
  tokenizer.def("enable_truncation", &enable_truncation, "max_length"_a, "kwargs"_a)
      .def("no_truncation", [](Pipeline& self) { check_or_raise(self.set_truncation(std::nullopt)); })
      .def_prop_ro("truncation", &truncation)
      .def("enable_padding", &enable_padding, "kwargs"_a)
      .def("no_padding", [](Pipeline& self) { self.set_padding(std::nullopt); })
      .def_prop_ro("padding", &padding)
      .def_prop_rw("encode_special_tokens", &Pipeline::encode_special_tokens, &Pipeline::set_encode_special_tokens)
      .def("encode", &encode, "sequence"_a, "pair"_a = nb::none(), "is_pretokenized"_a = false, "add_special_tokens"_a = true)
      .def("encode_batch", &encode_batch, "input"_a, "is_pretokenized"_a = false, "add_special_tokens"_a = true)
      .def("encode_batch_fast", &encode_batch_fast, "input"_a, "is_pretokenized"_a = false, "add_special_tokens"_a = true)
      .def("post_process", [](const Pipeline& self, const PyEncoding& encoding, std::optional<PyEncoding> pair, bool add_special_tokens) {
        return PyEncoding(value_or_raise(self.post_process(encoding.all(), pair ? std::optional(pair->all()) : std::nullopt, add_special_tokens)));
      }, "encoding"_a, "pair"_a = nb::none(), "add_special_tokens"_a = true)
      .def("decode", &decode, "ids"_a, "skip_special_tokens"_a = true)
      .def("decode_batch", &decode_batch, "sequences"_a, "skip_special_tokens"_a = true);
}

}  // namespace headrace::python
