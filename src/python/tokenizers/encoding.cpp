#include "text/encoding.h"

#include <fmt/format.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <nlohmann/json.hpp>

#include "python/errors.h"
#include "python/tokenizers/components.h"
#include "python/tokenizers/lists.h"
#include "python/tokenizers/py_encoding.h"
#include "python/tokenizers/sides.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::Encoding;
using text::Offset;
using Json = nlohmann::ordered_json;
using Pair = std::pair<uint32_t, uint32_t>;

Pair pair_of(Offset offset) { return {offset.begin, offset.end}; }
std::optional<Pair> pair_of(std::optional<Offset> offset) { return offset ? std::optional(pair_of(*offset)) : std::nullopt; }

nb::list word_ids(const PyEncoding& self) { return list_of_numbers_or_none(self.all().words, Encoding::kNoWord); }

// ---- Pickling ----

Json json_of(const Encoding& encoding) {
  Json words = Json::array();
  for (const uint32_t word : encoding.words) words.push_back(word == Encoding::kNoWord ? Json(nullptr) : Json(word));
  Json offsets = Json::array();
  for (const auto& offset : encoding.offsets) offsets.push_back({offset.begin, offset.end});
  Json overflowing = Json::array();
  for (const auto& one : encoding.overflowing) overflowing.push_back(json_of(one));
  Json ranges = Json::object();
  for (const auto& [sequence, range] : encoding.sequence_ranges) ranges[std::to_string(sequence)] = {{"start", range.begin}, {"end", range.end}};
  return {{"ids", encoding.ids},
          {"type_ids", encoding.type_ids},
          {"tokens", encoding.tokens},
          {"words", words},
          {"offsets", offsets},
          {"special_tokens_mask", encoding.special_tokens_mask},
          {"attention_mask", encoding.attention_mask},
          {"overflowing", overflowing},
          {"sequence_ranges", ranges}};
}

Encoding encoding_of(const Json& json) {
  Encoding encoding;
  json.at("ids").get_to(encoding.ids);
  json.at("type_ids").get_to(encoding.type_ids);
  json.at("tokens").get_to(encoding.tokens);
  for (const auto& word : json.at("words")) encoding.words.push_back(word.is_null() ? Encoding::kNoWord : word.get<uint32_t>());
  for (const auto& offset : json.at("offsets")) encoding.offsets.push_back({offset.at(0), offset.at(1)});
  json.at("special_tokens_mask").get_to(encoding.special_tokens_mask);
  json.at("attention_mask").get_to(encoding.attention_mask);
  for (const auto& one : json.at("overflowing")) encoding.overflowing.push_back(encoding_of(one));
  for (const auto& [sequence, range] : json.at("sequence_ranges").items()) {
    encoding.sequence_ranges[static_cast<uint32_t>(std::stoul(sequence))] = {range.at("start"), range.at("end")};
  }
  return encoding;
}

void set_state(PyEncoding& self, const nb::bytes& state) {
  try {
    new (&self) PyEncoding(encoding_of(Json::parse(std::string_view(state.c_str(), state.size()))));
  } catch (const Json::exception& error) {
    throw Failure({ErrorKind::InvalidData, fmt::format("Error while attempting to unpickle Encoding: {}", error.what())});
  }
}


void pad(PyEncoding& self, size_t length, std::optional<std::string> direction, uint32_t pad_id, uint32_t pad_type_id, const std::string& pad_token) {
  self.all().pad(length, pad_id, pad_type_id, pad_token, side_of(direction.value_or("right"), "Unknown value for `direction`, expected one of `left` or `right`"));
}

void bind_maps(nb::class_<PyEncoding>& encoding) {
  encoding.def("token_to_sequence", [](const PyEncoding& self, size_t token) { return self.all().token_to_sequence(token); }, "token_index"_a)
      .def("token_to_chars", [](const PyEncoding& self, size_t token_index) -> std::optional<Pair> {
        const auto found = self.all().token_to_chars(token_index);
        return found ? std::optional(pair_of(found->second)) : std::nullopt;
      }, "token_index"_a)
      .def("token_to_word", [](const PyEncoding& self, size_t token_index) -> std::optional<uint32_t> {
        const auto found = self.all().token_to_word(token_index);
        return found ? std::optional(found->second) : std::nullopt;
      }, "token_index"_a)
      .def("word_to_tokens", [](const PyEncoding& self, uint32_t word, uint32_t sequence) { return pair_of(self.all().word_to_tokens(word, sequence)); },
           "word_index"_a, "sequence_index"_a = 0)
      .def("word_to_chars", [](const PyEncoding& self, uint32_t word, uint32_t sequence) { return pair_of(self.all().word_to_chars(word, sequence)); },
           "word_index"_a, "sequence_index"_a = 0)
      .def("char_to_token", [](const PyEncoding& self, uint32_t position, uint32_t sequence) { return self.all().char_to_token(position, sequence); }, "char_pos"_a, "sequence_index"_a = 0)
      .def("char_to_word", [](const PyEncoding& self, uint32_t position, uint32_t sequence) { return self.all().char_to_word(position, sequence); }, "char_pos"_a, "sequence_index"_a = 0);
}

}  // namespace

void bind_encoding(nb::module_& module) {
  nb::class_<PyEncoding> encoding(module, "Encoding", "A text as a model reads it, and how its tokens belong to the text.");
  encoding.def(nb::init<>())
      .def("__getstate__", [](const PyEncoding& self) {
        const std::string json = json_of(self.all()).dump();
        return nb::bytes(json.data(), json.size());
      })
      .def("__setstate__", &set_state)
      .def("__len__", [](const PyEncoding& self) { return self.ids().size(); })
      .def("__repr__", [](const PyEncoding& self) {
        return fmt::format("Encoding(num_tokens={}, attributes=[ids, type_ids, tokens, offsets, attention_mask, special_tokens_mask, overflowing])", self.ids().size());
      })
      .def_static("merge", [](const std::vector<PyEncoding>& encodings, bool growing_offsets) {
        std::vector<Encoding> all;
        for (const PyEncoding& one : encodings) all.push_back(one.all());
        return PyEncoding(Encoding::merge(std::move(all), growing_offsets));
      },
                  "encodings"_a, "growing_offsets"_a = true)
      .def_prop_ro("n_sequences", [](const PyEncoding& self) { return self.all().n_sequences(); })
      .def("set_sequence_id", [](PyEncoding& self, uint32_t sequence) { self.all().set_sequence_id(sequence); }, "sequence_id"_a)
      .def_prop_ro("ids", [](const PyEncoding& self) { return list_of_ids(self.ids()); })
      .def_prop_ro("type_ids", [](const PyEncoding& self) { return list_of_numbers(self.all().type_ids); })
      .def_prop_ro("tokens", [](const PyEncoding& self) { return list_of_tokens(self.all().tokens, self.ids()); })
      .def_prop_ro("word_ids", &word_ids)
      .def_prop_ro("words", [](const PyEncoding& self) {
        if (PyErr_WarnEx(PyExc_DeprecationWarning, "Encoding.words is deprecated, please use Encoding.word_ids instead.", 1) < 0) throw nb::python_error();
        return word_ids(self);
      })
      .def_prop_ro("sequence_ids", [](const PyEncoding& self) { return list_of_numbers_or_none(self.all().sequence_ids()); })
      .def_prop_ro("offsets", [](const PyEncoding& self) { return list_of_offsets(self.all().offsets); })
      .def_prop_ro("special_tokens_mask", [](const PyEncoding& self) { return list_of_numbers(self.all().special_tokens_mask); })
      .def_prop_ro("attention_mask", [](const PyEncoding& self) { return list_of_numbers(self.all().attention_mask); })
      .def_prop_ro("overflowing", [](const PyEncoding& self) {
        std::vector<PyEncoding> all;
        for (const Encoding& one : self.all().overflowing) all.emplace_back(one);
        return all;
      })
      .def("pad", &pad, "length"_a, "direction"_a = "right", "pad_id"_a = 0, "pad_type_id"_a = 0, "pad_token"_a = "[PAD]")
      .def("truncate", [](PyEncoding& self, size_t max_length, size_t stride, const std::string& direction) {
        check_or_raise(self.all().truncate(max_length, stride, side_of(direction, "Invalid truncation direction value : " + direction)));
      }, "max_length"_a, "stride"_a = 0, "direction"_a = "right");
  bind_maps(encoding);
}

}  // namespace headrace::python
