#include "text/tokenizer_files.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python/errors.h"
#include "python/tokenizers/components.h"
#include "python/tokenizers/loading.h"
#include "text/rank_encoding.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::RankEncoding;
using text::TokenId;

std::string_view bytes_of(nb::handle object) {
  const auto bytes = nb::cast<nb::bytes>(object);
  return {bytes.c_str(), bytes.size()};
}

nb::bytes bytes_object(std::string_view bytes) { return nb::bytes(bytes.data(), bytes.size()); }

RankEncoding make_encoding(const std::string& pattern, const nb::dict& ranks, const nb::dict& special_tokens) {
  RankEncoding::Tokens tokens, special;
  for (const auto [bytes, rank] : ranks) tokens.emplace_back(bytes_of(bytes), nb::cast<TokenId>(rank));
  for (const auto [content, id] : special_tokens) special.emplace_back(nb::cast<std::string>(content), nb::cast<TokenId>(id));
  return value_or_raise(RankEncoding::compile(pattern, std::move(tokens), std::move(special)));
}

/// None: no special token; a set: those in it.
RankEncoding::Allowed allowed_of(const RankEncoding& self, nb::handle set) {
  RankEncoding::Allowed allowed;
  if (set.is_none() || PyObject_IsTrue(set.ptr()) != 1) return allowed;
  for (const auto& [content, id] : self.special_tokens()) {
    const int contains = PySequence_Contains(set.ptr(), nb::str(content.c_str(), content.size()).ptr());
    if (contains < 0) throw nb::python_error();
    allowed.push_back(contains == 1);
  }
  return allowed;
}

/// The text as UTF-8; UnicodeEncodeError for lone surrogates, which the caller mends.
std::string_view text_of(nb::handle text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (!data) throw nb::python_error();
  return {data, static_cast<size_t>(size)};
}

std::vector<TokenId> encode(const RankEncoding& self, nb::handle text, nb::handle allowed_special) {
  const auto allowed = allowed_of(self, allowed_special);
  const std::string_view utf8 = text_of(text);
  const nb::gil_scoped_release released;
  return value_or_raise(self.encode(utf8, allowed)).ids;
}

nb::bytes encode_to_buffer(const RankEncoding& self, nb::handle text, nb::handle allowed_special) {
  const auto ids = encode(self, text, allowed_special);
  return nb::bytes(ids.data(), ids.size() * sizeof(TokenId));
}

nb::object encode_with_unstable(const RankEncoding& self, nb::handle text, nb::handle allowed_special) {
  const auto allowed = allowed_of(self, allowed_special);
  const std::string_view utf8 = text_of(text);
  RankEncoding::Unstable unstable;
  {
    const nb::gil_scoped_release released;
    unstable = value_or_raise(self.encode_with_unstable(utf8, allowed));
  }
  return nb::make_tuple(nb::cast(unstable.stable), nb::cast(unstable.completions));
}

std::string_view bytes_or_raise(const RankEncoding& self, TokenId id) {
  const auto bytes = self.bytes(id);
  if (bytes) return *bytes;
  PyErr_SetObject(PyExc_KeyError, nb::str("Invalid token for decoding: {}").format(id).ptr());
  throw nb::python_error();
}

nb::bytes decode_bytes(const RankEncoding& self, const std::vector<TokenId>& ids) {
  std::string bytes;
  for (const TokenId id : ids) bytes += bytes_or_raise(self, id);
  return bytes_object(bytes);
}

void bind_rank_encoding(nb::module_& module) {
  nb::class_<RankEncoding>(module, "RankEncoding", "Bytes that merge by rank, as in tiktoken.")
      .def_static("make", &make_encoding, "pattern"_a, "ranks"_a, "special_tokens"_a)
      .def("encode", &encode, "text"_a, "allowed_special"_a.none())
      .def("encode_to_buffer", &encode_to_buffer, "text"_a, "allowed_special"_a.none())
      .def("encode_with_unstable", &encode_with_unstable, "text"_a, "allowed_special"_a.none())
      .def("encode_piece", [](const RankEncoding& self, const nb::bytes& bytes) { return value_or_raise(self.encode_piece(bytes_of(bytes))); })
      .def("encode_single_token", [](const RankEncoding& self, const nb::bytes& bytes) {
        const auto id = self.token(bytes_of(bytes));
        if (id) return *id;
        PyErr_SetObject(PyExc_KeyError, bytes.ptr());
        throw nb::python_error();
      })
      .def("decode_bytes", &decode_bytes, "tokens"_a)
      .def("decode_single_token_bytes", [](const RankEncoding& self, TokenId id) {
        const auto bytes = self.bytes(id);
        if (bytes) return bytes_object(*bytes);
        PyErr_SetObject(PyExc_KeyError, nb::str(nb::int_(id)).ptr());
        throw nb::python_error();
      })
      .def("token_byte_values", [](const RankEncoding& self) {
        nb::list all;
        for (const std::string_view bytes : self.token_bytes()) all.append(bytes_object(bytes));
        return all;
      });
}

}  // namespace

void bind_files(nb::module_& module) {
  module.def("load", [](const std::string& path, const std::string& encoding) {
    const nb::gil_scoped_release released;
    return with_tables(text::load_tokenizer(path, {encoding}));
  }, "path"_a, "encoding"_a = "");
  module.def("load_bytes", [](const nb::bytes& bytes, const std::string& name, const std::string& encoding) {
    const std::string_view view = bytes_of(bytes);
    const nb::gil_scoped_release released;
    return with_tables(text::load_tokenizer_bytes(view, name, {encoding}));
  }, "bytes"_a, "name"_a, "encoding"_a = "");
  module.def("rank_encoding_names", &text::rank_encoding_names);
  module.def("rank_encoding_facts", [](const std::string& name) {
    const auto facts = value_or_raise(text::rank_encoding_facts(name));
    nb::dict special;
    for (const auto& [content, id] : facts.special_tokens) special[content.c_str()] = id;
    return nb::make_tuple(facts.pattern, special, facts.n_ranks);
  }, "name"_a);
  bind_rank_encoding(module);
}

}  // namespace headrace::python
