#include <fmt/format.h>

#include "python/tokenizers/arguments.h"
#include "python/tokenizers/components.h"
#include "python/tokenizers/handle.h"
#include "python/tokenizers/py_encoding.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::Encoding;
using text::PostProcessorSpec;
using text::TemplatePiece;
using text::TemplateProcessing;
using text::TemplateSpecialToken;

template <class Part>
using Class = PartClass<PostProcessorSpec, Part>;
template <class Part>
using Self = HandleOf<PostProcessorSpec, Part>;

nb::tuple tuple_of(const text::TokenAndId& token) { return nb::make_tuple(token.first, token.second); }

/// What the pipeline does with the encodings of one input, alone.
PyEncoding process(const Handle<PostProcessorSpec>& self, const PyEncoding& encoding, std::optional<PyEncoding> pair, bool add_special_tokens) {
  std::vector<Encoding> encodings;
  encodings.push_back(encoding.all());
  if (pair) encodings.push_back(pair->all());
  for (uint32_t sequence = 0; sequence < encodings.size(); ++sequence) {
    auto& one = encodings[sequence];
    one.set_sequence_id(sequence);
    one.set_type_ids(sequence);
    for (auto& overflow : one.overflowing) {
      overflow.set_sequence_id(sequence);
      overflow.set_type_ids(sequence);
    }
  }
  return PyEncoding(Encoding::merge(value_or_raise(value_or_raise(self.live->stage())->process(std::move(encodings), add_special_tokens)), false));
}

std::vector<TemplatePiece> pieces_of(nb::handle source) {
  if (nb::isinstance<nb::str>(source)) return value_or_raise(text::parse_template(nb::cast<std::string>(source)));
  if (!PyList_Check(source.ptr()) && !PyTuple_Check(source.ptr())) throw nb::type_error("expected Union[str, List[str]]");
  std::vector<TemplatePiece> pieces;
  for (const nb::handle piece : source) pieces.push_back(value_or_raise(text::parse_template_piece(nb::cast<std::string>(piece))));
  return pieces;
}

TemplateSpecialToken special_token_of(nb::handle source) {
  if (PyDict_Check(source.ptr())) {
    return {nb::cast<std::string>(source["id"]), nb::cast<std::vector<text::TokenId>>(source["ids"]), nb::cast<std::vector<std::string>>(source["tokens"])};
  }
  if (!PyTuple_Check(source.ptr()) || PyTuple_Size(source.ptr()) != 2) throw nb::type_error("Expected Union[Tuple[str, int], Tuple[int, str], dict]");
  const nb::tuple pair = nb::borrow<nb::tuple>(source);
  const bool id_first = PyLong_Check(pair[0].ptr());
  const auto token = nb::cast<std::string>(pair[id_first ? 1 : 0]);
  return {token, {nb::cast<text::TokenId>(pair[id_first ? 0 : 1])}, {token}};
}

/// The template as the reference's debugging form shows it.
std::string template_text(const std::vector<TemplatePiece>& pieces) {
  std::string text;
  for (const auto& piece : pieces) {
    if (!text.empty()) text += ", ";
    text += piece.is_sequence ? fmt::format("Sequence {{ id: {}, type_id: {} }}", piece.id, piece.type_id)
                              : fmt::format("SpecialToken {{ id: \"{}\", type_id: {} }}", piece.id, piece.type_id);
  }
  return fmt::format("Template([{}])", text);
}

void bind_template(nb::module_& module) {
  Class<TemplateProcessing> processing(module, "TemplateProcessing", "Puts sequences and special tokens together by a template.");
  processing->def("__init__", [](Self<TemplateProcessing>& self, const nb::object& single, const nb::object& pair, std::optional<std::vector<nb::object>> special_tokens) {
    TemplateProcessing part;
    part.single = single.is_none() ? value_or_raise(text::parse_template("$0")) : pieces_of(single);
    part.pair = pair.is_none() ? value_or_raise(text::parse_template("$A:0 $B:1")) : pieces_of(pair);
    for (const auto& token : special_tokens.value_or(std::vector<nb::object>{})) {
      auto made = special_token_of(token);
      part.special_tokens.insert_or_assign(made.id, std::move(made));
    }
    check_or_raise(text::check_template(part));
    construct(self, std::move(part));
  }, "single"_a = nb::none(), "pair"_a = nb::none(), "special_tokens"_a = nb::none());
  processing->def_prop_rw("single", [](const Self<TemplateProcessing>& self) { return template_text(self.get().single); },
                          [](Self<TemplateProcessing>& self, const nb::object& single) {
                            Class<TemplateProcessing>::edit(self, [&](TemplateProcessing& part) { part.single = pieces_of(single); });
                          });
}

}  // namespace

void bind_processors(nb::module_& parent) {
  auto module = parent.def_submodule("processors", "What is put around the tokens of a text.");
  auto base = nb::class_<Handle<PostProcessorSpec>>(module, "PostProcessor", "The base of all post-processors.");
  bind_state(base);
  base.def("num_special_tokens_to_add", [](const Handle<PostProcessorSpec>& self, bool is_pair) {
    return value_or_raise(self.live->stage())->added_tokens(is_pair);
  }, "is_pair"_a);
  base.def("process", &process, "encoding"_a, "pair"_a = nb::none(), "add_special_tokens"_a = true);

  using text::BertProcessing;
  Class<BertProcessing> bert(module, "BertProcessing", "[CLS] A [SEP] B [SEP]");
  bert->def("__init__", [](Self<BertProcessing>& self, nb::handle sep, nb::handle cls_token) {
    construct(self, BertProcessing{token_and_id_of(sep), token_and_id_of(cls_token)});
  }, "sep"_a, "cls"_a);
  bert->def("__getnewargs__", [](const Self<BertProcessing>&) { return nb::make_tuple(nb::make_tuple("", 0), nb::make_tuple("", 0)); });
  bert.field("sep", [](const BertProcessing& part) { return tuple_of(part.sep); }, [](BertProcessing& part, nb::handle value) { part.sep = token_and_id_of(value); })
      .field("cls", [](const BertProcessing& part) { return tuple_of(part.cls); }, [](BertProcessing& part, nb::handle value) { part.cls = token_and_id_of(value); });

  using text::RobertaProcessing;
  Class<RobertaProcessing> roberta(module, "RobertaProcessing", "<s> A </s></s> B </s>, with offsets trimmed.");
  roberta->def("__init__", [](Self<RobertaProcessing>& self, nb::handle sep, nb::handle cls_token, bool trim_offsets, bool add_prefix_space) {
    construct(self, RobertaProcessing{token_and_id_of(sep), token_and_id_of(cls_token), trim_offsets, add_prefix_space});
  }, "sep"_a, "cls"_a, "trim_offsets"_a = true, "add_prefix_space"_a = true);
  roberta->def("__getnewargs__", [](const Self<RobertaProcessing>&) { return nb::make_tuple(nb::make_tuple("", 0), nb::make_tuple("", 0)); });
  roberta.field("sep", [](const RobertaProcessing& part) { return tuple_of(part.sep); },
                [](RobertaProcessing& part, nb::handle value) { part.sep = token_and_id_of(value); })
      .field("cls", [](const RobertaProcessing& part) { return tuple_of(part.cls); },
             [](RobertaProcessing& part, nb::handle value) { part.cls = token_and_id_of(value); })
      .field("trim_offsets", &RobertaProcessing::trim_offsets)
      .field("add_prefix_space", &RobertaProcessing::add_prefix_space);

  using text::ByteLevelProcessing;
  Class<ByteLevelProcessing> byte_level(module, "ByteLevel", "Trims the white space from the offsets of byte-level tokens.");
  byte_level->def("__init__", [](Self<ByteLevelProcessing>& self, std::optional<bool> add_prefix_space, std::optional<bool> trim_offsets,
                                 std::optional<bool> use_regex, const nb::kwargs&) {
    construct(self, ByteLevelProcessing{add_prefix_space.value_or(true), trim_offsets.value_or(true), use_regex.value_or(true)});
  }, "add_prefix_space"_a = nb::none(), "trim_offsets"_a = nb::none(), "use_regex"_a = nb::none(), "_kwargs"_a);
  byte_level.field("add_prefix_space", &ByteLevelProcessing::add_prefix_space)
      .field("trim_offsets", &ByteLevelProcessing::trim_offsets)
      .field("use_regex", &ByteLevelProcessing::use_regex);
  bind_template(module);

  Class<text::PostProcessorSequence> sequence(module, "Sequence", "Post-processors one after another.");
  bind_sequence<PostProcessorSpec, text::PostProcessorSequence>(sequence, "object is not an instance of 'PostProcessor'");
}

}  // namespace headrace::python
