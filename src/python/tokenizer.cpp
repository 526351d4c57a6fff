#include "python/tokenizer.h"

#include <fmt/format.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "model/gguf.h"
#include "python/bindings.h"
#include "python/errors.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

using text::TokenId;

Tokenizer from_file(const std::filesystem::path& path) {
  const nb::gil_scoped_release released;
  const auto gguf = value_or_raise(model::Gguf::open(path));
  auto source = value_or_raise(model::tokenizer_source(gguf));
  return {value_or_raise(text::Tokenizer::compile(std::move(source)))};
}

text::EncodeOptions options_of(bool add_special, bool parse_special) {
  return {.add_special = add_special, .parse_special = parse_special, .offsets = false, .truncate_to = 0};
}

std::vector<TokenId> encode(const Tokenizer& self, std::string_view text, bool add_special, bool parse_special) {
  if (text.size() < 4096) return value_or_raise(self.tokenizer->encode(text, options_of(add_special, parse_special))).ids;
  const nb::gil_scoped_release released;
  return value_or_raise(self.tokenizer->encode(text, options_of(add_special, parse_special))).ids;
}

std::vector<std::vector<TokenId>> encode_batch(const Tokenizer& self, const std::vector<std::string>& texts, bool add_special,
                                               bool parse_special) {
  const nb::gil_scoped_release released;
  std::vector<std::vector<TokenId>> batch;
  batch.reserve(texts.size());
  for (const auto& text : texts) {
    batch.push_back(value_or_raise(self.tokenizer->encode(text, options_of(add_special, parse_special))).ids);
  }
  return batch;
}

/// Offsets in characters: for each byte boundary that a token uses, the characters before it.
std::vector<std::pair<uint32_t, uint32_t>> in_characters(std::string_view text, const std::vector<text::Offset>& offsets) {
  std::vector<uint32_t> before(text.size() + 1, 0);
  for (size_t i = 0; i < text.size(); ++i) {
    before[i + 1] = before[i] + ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 ? 1 : 0);
  }
  // A boundary inside a character counts that character as begun: it belongs to both tokens.
  std::vector<std::pair<uint32_t, uint32_t>> result;
  result.reserve(offsets.size());
  for (const auto offset : offsets) {
    const bool inside = offset.begin < text.size() && (static_cast<unsigned char>(text[offset.begin]) & 0xc0) == 0x80;
    result.emplace_back(before[offset.begin] - (inside ? 1 : 0), before[offset.end]);
  }
  return result;
}

nb::tuple encode_with_offsets(const Tokenizer& self, std::string_view text, bool add_special, bool parse_special) {
  auto options = options_of(add_special, parse_special);
  options.offsets = true;
  const auto encoding = value_or_raise(self.tokenizer->encode(text, options));
  return nb::make_tuple(encoding.ids, in_characters(text, encoding.offsets));
}

std::string decode(const Tokenizer& self, const std::vector<TokenId>& ids, bool skip_special) {
  return value_or_raise(self.tokenizer->decode(ids, {.skip_special = skip_special}));
}

nb::bytes token_bytes(const Tokenizer& self, TokenId id) {
  const std::string bytes = self.tokenizer->token_bytes(id);
  return nb::bytes(bytes.data(), bytes.size());
}

std::string describe(const Tokenizer& self) {
  const auto& t = *self.tokenizer;
  return fmt::format("Tokenizer(vocabulary_size={}, bos={}, eos={})", t.vocabulary_size(),
                     t.bos() ? std::to_string(*t.bos()) : "None", t.eos() ? std::to_string(*t.eos()) : "None");
}

}  // namespace

void bind_tokenizer(nb::module_& module) {
  nb::class_<text::StreamDecoder>(module, "StreamDecoder")
      .def("push", [](text::StreamDecoder& self, TokenId id) { return std::string(self.push(id)); }, nb::arg("id"))
      .def("finish", [](text::StreamDecoder& self) { return std::string(self.finish()); });

  nb::class_<Tokenizer>(module, "Tokenizer")
      .def_static("from_file", &from_file, nb::arg("path"))
      .def("encode", &encode, nb::arg("text"), nb::kw_only(), nb::arg("add_special") = true, nb::arg("parse_special") = true)
      .def("encode_batch", &encode_batch, nb::arg("texts"), nb::kw_only(), nb::arg("add_special") = true, nb::arg("parse_special") = true)
      .def("encode_with_offsets", &encode_with_offsets, nb::arg("text"), nb::kw_only(), nb::arg("add_special") = true, nb::arg("parse_special") = true)
      .def("decode", &decode, nb::arg("ids"), nb::kw_only(), nb::arg("skip_special") = false)
      .def("stream_decoder", [](const Tokenizer& self, bool skip_special) { return self.tokenizer->stream_decoder({.skip_special = skip_special}); },
           nb::kw_only(), nb::arg("skip_special") = false)
      .def("token", [](const Tokenizer& self, TokenId id) { return std::string(self.tokenizer->token(id)); }, nb::arg("id"))
      .def("token_bytes", &token_bytes, nb::arg("id"))
      .def("id", [](const Tokenizer& self, std::string_view token) { return self.tokenizer->id(token); }, nb::arg("token"))
      .def("ends_generation", [](const Tokenizer& self, TokenId id) { return self.tokenizer->ends_generation(id); }, nb::arg("id"))
      .def_prop_ro("vocabulary_size", [](const Tokenizer& self) { return self.tokenizer->vocabulary_size(); })
      .def_prop_ro("bos_id", [](const Tokenizer& self) { return self.tokenizer->bos(); })
      .def_prop_ro("eos_id", [](const Tokenizer& self) { return self.tokenizer->eos(); })
      .def("__len__", [](const Tokenizer& self) { return self.tokenizer->vocabulary_size(); })
      .def("__repr__", &describe);
}

}  // namespace headrace::python
