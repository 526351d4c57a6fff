#include "python/tokenizers/components.h"
#include "python/tokenizers/handle.h"
#include "python/tokenizers/schemes.h"
#include "python/tokenizers/texts.h"
#include "text/pipeline.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::DecoderSpec;

template <class Part>
using Class = PartClass<DecoderSpec, Part>;
template <class Part>
using Self = HandleOf<DecoderSpec, Part>;

/// A program's own decoder: an object with `decode(tokens)` or `decode_chain(tokens)`.
class PythonDecoder final : public text::DecoderStage {
 public:
  explicit PythonDecoder(nb::object object) : object_(std::move(object)) {}
  ~PythonDecoder() override {
    const nb::gil_scoped_acquire attached;
    object_.reset();
  }
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override {
    const nb::gil_scoped_acquire attached;
    return in_python([&]() -> Result<std::vector<std::string>> {
      if (nb::hasattr(object_, "decode_chain")) return nb::cast<std::vector<std::string>>(object_.attr("decode_chain")(tokens));
      return std::vector{nb::cast<std::string>(object_.attr("decode")(tokens))};
    });
  }

 private:
  nb::object object_;
};

std::string decode(const Handle<DecoderSpec>& self, std::vector<std::string> tokens) {
  const nb::gil_scoped_release released;
  std::string text;
  for (const auto& piece : value_or_raise(value_or_raise(self.live->stage())->decode_chain(std::move(tokens)))) text += piece;
  return text;
}

template <class Part>
void bind_plain(nb::module_& module, const char* name, const char* doc) {
  Class<Part>(module, name, doc)->def("__init__", [](Self<Part>& self) { construct(self, Part{}); });
}

void bind_stream(nb::module_& module) {
  using text::DecodeStream;
  nb::class_<DecodeStream>(module, "DecodeStream", "Decodes ids as they come, with the reference's window; `step` returns new text or None.")
      .def("__init__", [](DecodeStream* self, std::optional<std::vector<text::TokenId>> ids, std::optional<bool> skip_special_tokens) {
        new (self) DecodeStream(std::move(ids).value_or(std::vector<text::TokenId>{}), skip_special_tokens.value_or(false));
      }, "ids"_a = nb::none(), "skip_special_tokens"_a = false)
      .def("step", [](DecodeStream& self, const text::Pipeline& tokenizer, nb::handle id) {
        const bool several = !PyLong_Check(id.ptr()) && PySequence_Check(id.ptr());
        const auto ids = several ? nb::cast<std::vector<text::TokenId>>(id) : std::vector{nb::cast<text::TokenId>(id)};
        return value_or_raise(self.step(tokenizer, ids));
      }, "tokenizer"_a, "id"_a)
      .def("__copy__", [](const DecodeStream& self) { return self; })
      .def("__deepcopy__", [](const DecodeStream& self, nb::handle) { return self; }, "_memo"_a);
}

}  // namespace

void bind_decoders(nb::module_& parent) {
  auto module = parent.def_submodule("decoders", "What makes text of tokens again.");
  auto base = nb::class_<Handle<DecoderSpec>>(module, "Decoder", "The base of all decoders.");
  bind_state(base);
  base.def_static("custom", [](nb::object decoder) {
    return handle_of(make_live(DecoderSpec{text::CustomDecoder{std::make_shared<PythonDecoder>(std::move(decoder))}}));
  }, "decoder"_a, "A decoder of the program's own: an object with `decode(tokens)` or `decode_chain(tokens)`.");
  base.def("decode", &decode, "tokens"_a);
  nb::class_<Self<text::CustomDecoder>, Handle<DecoderSpec>>(module, "CustomDecoder");

  bind_plain<text::ByteFallback>(module, "ByteFallback", "Joins <0x61> tokens into the bytes that they stand for.");
  Class<text::ByteLevelDecoder>(module, "ByteLevel", "Letters of byte-level vocabularies back to bytes.")
      ->def("__init__", [](Self<text::ByteLevelDecoder>& self, const nb::kwargs&) { construct(self, text::ByteLevelDecoder{}); }, "_kwargs"_a);
  bind_plain<text::Fuse>(module, "Fuse", "Joins all tokens into one.");

  using text::BpeDecoder;
  Class<BpeDecoder> bpe(module, "BPEDecoder", "Makes spaces of a suffix that ends words.");
  bpe->def("__init__", [](Self<BpeDecoder>& self, std::string suffix) { construct(self, BpeDecoder{std::move(suffix)}); }, "suffix"_a = "</w>");
  bpe.field("suffix", &BpeDecoder::suffix);

  using text::Ctc;
  Class<Ctc> ctc(module, "CTC", "Joins repeated tokens and drops padding.");
  ctc->def("__init__", [](Self<Ctc>& self, std::string pad_token, std::string word_delimiter_token, bool cleanup) {
    construct(self, Ctc{std::move(pad_token), std::move(word_delimiter_token), cleanup});
  }, "pad_token"_a = "<pad>", "word_delimiter_token"_a = "|", "cleanup"_a = true);
  ctc.field("pad_token", &Ctc::pad_token).field("word_delimiter_token", &Ctc::word_delimiter_token).field("cleanup", &Ctc::cleanup);

  using text::MetaspaceDecoder;
  Class<MetaspaceDecoder> metaspace(module, "Metaspace", "Makes spaces of the letter that stood for them.");
  metaspace->def("__init__", [](Self<MetaspaceDecoder>& self, std::string_view replacement, const std::string& prepend_scheme, bool split) {
    construct(self, MetaspaceDecoder{character_of(replacement), prepend_scheme_of(prepend_scheme), split});
  }, "replacement"_a = "▁", "prepend_scheme"_a = "always", "split"_a = true);
  bind_metaspace_fields(metaspace);

  using text::ReplaceDecoder;
  Class<ReplaceDecoder> replace(module, "Replace", "Replaces what a pattern matches.");
  replace->def("__init__", [](Self<ReplaceDecoder>& self, nb::handle pattern, std::string content) {
    construct(self, ReplaceDecoder{pattern_of(pattern), std::move(content)});
    check_stage(self);
  }, "pattern"_a, "content"_a);
  replace->def("__getnewargs__", [](const Self<ReplaceDecoder>&) { return nb::make_tuple("", ""); });

  using text::StripDecoder;
  Class<StripDecoder> strip(module, "Strip", "Removes up to so many of a character at each token's ends.");
  strip->def("__init__", [](Self<StripDecoder>& self, std::string_view content, size_t left, size_t right) {
    construct(self, StripDecoder{character_of(content), left, right});
  }, "content"_a = " ", "left"_a = 0, "right"_a = 0);
  strip.field("content", [](const StripDecoder& part) { return text_of(part.content); },
              [](StripDecoder& part, const std::string& value) { part.content = character_of(value); })
      .field("start", &StripDecoder::start)
      .field("stop", &StripDecoder::stop);

  using text::WordPieceDecoder;
  Class<WordPieceDecoder> word_piece(module, "WordPiece", "Joins tokens that go on a word.");
  word_piece->def("__init__", [](Self<WordPieceDecoder>& self, std::string prefix, bool cleanup) {
    construct(self, WordPieceDecoder{std::move(prefix), cleanup});
  }, "prefix"_a = "##", "cleanup"_a = true);
  word_piece.field("prefix", &WordPieceDecoder::prefix).field("cleanup", &WordPieceDecoder::cleanup);

  Class<text::DecoderSequence> sequence(module, "Sequence", "Decoders one after another.");
  bind_sequence<DecoderSpec, text::DecoderSequence>(sequence, "object is not an instance of 'Decoder'");
  bind_stream(module);
}

}  // namespace headrace::python
