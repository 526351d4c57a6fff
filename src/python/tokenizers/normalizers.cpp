#include "python/tokenizers/components.h"
#include "python/tokenizers/handle.h"
#include "python/tokenizers/texts.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::NormalizedString;
using text::NormalizerSpec;

template <class Part>
using Class = PartClass<NormalizerSpec, Part>;
template <class Part>
using Self = HandleOf<NormalizerSpec, Part>;

/// A program's own normalizer: an object with `normalize(normalized)`.
class PythonNormalizer final : public text::NormalizerStage {
 public:
  explicit PythonNormalizer(nb::object object) : object_(std::move(object)) {}
  ~PythonNormalizer() override {
    const nb::gil_scoped_acquire attached;
    object_.reset();
  }
  Result<void> normalize(NormalizedString& text) const override {
    const nb::gil_scoped_acquire attached;
    return lend(text, [&](const nb::object& lent) {
      return in_python([&]() -> Result<void> {
        object_.attr("normalize")(lent);
        return {};
      });
    });
  }

 private:
  nb::object object_;
};

std::string normalize_str(const Handle<NormalizerSpec>& self, std::string sequence) {
  const nb::gil_scoped_release released;
  NormalizedString text(std::move(sequence));
  check_or_raise(value_or_raise(self.live->stage())->normalize(text));
  return text.normalized();
}

template <class Part>
void bind_plain(nb::module_& module, const char* name, const char* doc) {
  Class<Part>(module, name, doc)->def("__init__", [](Self<Part>& self) { construct(self, Part{}); });
}

[[noreturn]] void no_pattern() { throw Failure({ErrorKind::Unsupported, "Cannot get pattern"}); }

}  // namespace

void bind_normalizers(nb::module_& parent) {
  auto module = parent.def_submodule("normalizers", "What is done to a text before it is cut.");
  auto base = nb::class_<Handle<NormalizerSpec>>(module, "Normalizer", "The base of all normalizers.");
  bind_state(base);
  base.def_static("custom", [](nb::object obj) {
    return handle_of(make_live(NormalizerSpec{text::CustomNormalizer{std::make_shared<PythonNormalizer>(std::move(obj))}}));
  }, "obj"_a, "A normalizer of the program's own: an object with `normalize(normalized: NormalizedString)`.");
  base.def("normalize", [](const Handle<NormalizerSpec>& self, PyNormalizedString& normalized) {
    check_or_raise(value_or_raise(self.live->stage())->normalize(normalized.get()));
  }, "normalized"_a);
  base.def("normalize_str", &normalize_str, "sequence"_a);
  nb::class_<Self<text::CustomNormalizer>, Handle<NormalizerSpec>>(module, "CustomNormalizer");

  using text::BertNormalizer;
  Class<BertNormalizer> bert(module, "BertNormalizer", "Cleans text as BERT's tokenizer does.");
  bert->def("__init__", [](Self<BertNormalizer>& self, bool clean_text, bool handle_chinese_chars, std::optional<bool> strip_accents, bool lowercase) {
    construct(self, BertNormalizer{clean_text, handle_chinese_chars, strip_accents, lowercase});
  }, "clean_text"_a = true, "handle_chinese_chars"_a = true, "strip_accents"_a = nb::none(), "lowercase"_a = true);
  bert.field("clean_text", &BertNormalizer::clean_text)
      .field("handle_chinese_chars", &BertNormalizer::handle_chinese_chars)
      .field("strip_accents", &BertNormalizer::strip_accents)
      .field("lowercase", &BertNormalizer::lowercase);

  bind_plain<text::ByteLevelNormalizer>(module, "ByteLevel", "Bytes as the letters that byte-level vocabularies write.");
  bind_plain<text::Lowercase>(module, "Lowercase", "Lower case, character by character.");
  bind_plain<text::Nfc>(module, "NFC", "Unicode normalization form C.");
  bind_plain<text::Nfd>(module, "NFD", "Unicode normalization form D.");
  bind_plain<text::Nfkc>(module, "NFKC", "Unicode normalization form KC.");
  bind_plain<text::Nfkd>(module, "NFKD", "Unicode normalization form KD.");
  bind_plain<text::Nmt>(module, "Nmt", "Removes what SentencePiece's NMT rule removes.");
  bind_plain<text::StripAccents>(module, "StripAccents", "Removes combining marks; put NFD before it.");

  using text::Precompiled;
  Class<Precompiled>(module, "Precompiled", "SentencePiece's own table of replacements.")
      ->def("__init__", [](Self<Precompiled>& self, const nb::bytes& precompiled_charsmap) {
        construct(self, Precompiled{.charsmap = {precompiled_charsmap.c_str(), precompiled_charsmap.size()}});
        check_stage(self);
      }, "precompiled_charsmap"_a);

  using text::Prepend;
  Class<Prepend> prepend(module, "Prepend", "Puts a text in front.");
  prepend->def("__init__", [](Self<Prepend>& self, std::string text) { construct(self, Prepend{std::move(text)}); }, "prepend"_a = "▁");
  prepend.field("prepend", &Prepend::prepend);

  using text::StripNormalizer;
  Class<StripNormalizer> strip(module, "Strip", "Removes white space at the ends.");
  strip->def("__init__", [](Self<StripNormalizer>& self, bool left, bool right) { construct(self, StripNormalizer{left, right}); },
             "left"_a = true, "right"_a = true);
  strip.field("left", &StripNormalizer::strip_left).field("right", &StripNormalizer::strip_right);

  using text::ReplaceNormalizer;
  Class<ReplaceNormalizer> replace(module, "Replace", "Replaces what a pattern matches.");
  replace->def("__init__", [](Self<ReplaceNormalizer>& self, nb::handle pattern, std::string content) {
    construct(self, ReplaceNormalizer{pattern_of(pattern), std::move(content)});
    check_stage(self);
  }, "pattern"_a, "content"_a);
  replace->def("__getnewargs__", [](const Self<ReplaceNormalizer>&) { return nb::make_tuple("", ""); });
  replace->def_prop_rw("pattern", [](const Self<ReplaceNormalizer>&) { no_pattern(); },
                       [](Self<ReplaceNormalizer>&, nb::handle) { throw Failure({ErrorKind::Unsupported, "Cannot set pattern, please instantiate a new replace pattern instead"}); });
  replace.field("content", &ReplaceNormalizer::content);

  Class<text::NormalizerSequence> sequence(module, "Sequence", "Normalizers one after another.");
  bind_sequence<NormalizerSpec, text::NormalizerSequence>(sequence, "object is not an instance of 'Normalizer'");
}

}  // namespace headrace::python
