#include <fmt/format.h>

#include "python/tokenizers/characters.h"
#include "python/tokenizers/components.h"
#include "python/tokenizers/handle.h"
#include "python/tokenizers/schemes.h"
#include "python/tokenizers/texts.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::PreTokenizedString;
using text::PreTokenizerSpec;

template <class Part>
using Class = PartClass<PreTokenizerSpec, Part>;
template <class Part>
using Self = HandleOf<PreTokenizerSpec, Part>;

/// A program's own pre-tokenizer: an object with `pre_tokenize(pretok)`.
class PythonPreTokenizer final : public text::PreTokenizerStage {
 public:
  explicit PythonPreTokenizer(nb::object object) : object_(std::move(object)) {}
  ~PythonPreTokenizer() override {
    const nb::gil_scoped_acquire attached;
    object_.reset();
  }
  Result<void> pre_tokenize(PreTokenizedString& text) const override {
    const nb::gil_scoped_acquire attached;
    return lend(text, [&](const nb::object& lent) {
      return in_python([&]() -> Result<void> {
        object_.attr("pre_tokenize")(lent);
        return {};
      });
    });
  }

 private:
  nb::object object_;
};

using Piece = std::pair<std::string, std::pair<uint32_t, uint32_t>>;

std::vector<Piece> pre_tokenize_str(const Handle<PreTokenizerSpec>& self, const std::string& s) {
  const nb::gil_scoped_release released;
  PreTokenizedString text(s);
  check_or_raise(value_or_raise(self.live->stage())->pre_tokenize(text));
  const CharacterMap characters(s);
  std::vector<Piece> pieces;
  for (const auto& split : text.splits()) {
    const auto offsets = characters.characters_of(split.text.original_offsets());
    pieces.push_back({split.text.normalized(), {offsets.begin, offsets.end}});
  }
  return pieces;
}

template <class Part>
void bind_plain(nb::module_& module, const char* name, const char* doc) {
  Class<Part>(module, name, doc)->def("__init__", [](Self<Part>& self) { construct(self, Part{}); });
}

/// The letters that byte-level vocabularies write for the 256 bytes.
std::vector<std::string> alphabet() {
  std::vector<std::string> letters;
  char32_t spare = 256;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    letters.push_back(text_of(printable ? byte : spare++));
  }
  return letters;
}

void bind_byte_level(nb::module_& module) {
  using text::ByteLevelPreTokenizer;
  Class<ByteLevelPreTokenizer> byte_level(module, "ByteLevel", "Cuts as GPT-2 does and writes bytes as letters.");
  byte_level->def("__init__", [](Self<ByteLevelPreTokenizer>& self, bool add_prefix_space, bool trim_offsets, bool use_regex, const nb::kwargs&) {
    construct(self, ByteLevelPreTokenizer{add_prefix_space, trim_offsets, use_regex});
  }, "add_prefix_space"_a = true, "trim_offsets"_a = true, "use_regex"_a = true, "_kwargs"_a);
  byte_level->def_static("alphabet", &alphabet);
  byte_level.field("add_prefix_space", &ByteLevelPreTokenizer::add_prefix_space)
      .field("trim_offsets", &ByteLevelPreTokenizer::trim_offsets)
      .field("use_regex", &ByteLevelPreTokenizer::use_regex);
}

void bind_splits(nb::module_& module) {
  using text::SplitPreTokenizer;
  Class<SplitPreTokenizer> split(module, "Split", "Cuts where a pattern matches.");
  split->def("__init__", [](Self<SplitPreTokenizer>& self, nb::handle pattern, nb::handle behavior, bool invert) {
    construct(self, SplitPreTokenizer{pattern_of(pattern), behavior_of(behavior), invert});
    check_stage(self);
  }, "pattern"_a, "behavior"_a, "invert"_a = false);
  split->def("__getnewargs__", [](const Self<SplitPreTokenizer>&) { return nb::make_tuple(" ", "removed"); });
  split->def_prop_rw("pattern", [](const Self<SplitPreTokenizer>&) { throw Failure({ErrorKind::Unsupported, "Cannot get pattern"}); },
                     [](Self<SplitPreTokenizer>&, nb::handle) {
                       throw Failure({ErrorKind::Unsupported, "Cannot set pattern, please instantiate a new split pattern instead"});
                     });
  split.field("behavior", [](const SplitPreTokenizer& part) { return std::string(name_of(part.behavior)); },
              [](SplitPreTokenizer& part, const std::string& value) { part.behavior = behavior_of(nb::cast(value)); })
      .field("invert", &SplitPreTokenizer::invert);

  using text::Punctuation;
  Class<Punctuation> punctuation(module, "Punctuation", "Cuts at punctuation.");
  punctuation->def("__init__", [](Self<Punctuation>& self, nb::handle behavior) { construct(self, Punctuation{behavior_of(behavior)}); },
                   "behavior"_a = "isolated");
  punctuation.field("behavior", [](const Punctuation& part) { return std::string(name_of(part.behavior)); },
                    [](Punctuation& part, const std::string& value) { part.behavior = behavior_of(nb::cast(value)); });

  using text::CharDelimiterSplit;
  Class<CharDelimiterSplit> delimiter(module, "CharDelimiterSplit", "Cuts at a character and drops it.");
  delimiter->def("__init__", [](Self<CharDelimiterSplit>& self, std::string_view text) { construct(self, CharDelimiterSplit{character_of(text)}); },
                 "delimiter"_a);
  delimiter->def("__getnewargs__", [](const Self<CharDelimiterSplit>&) { return nb::make_tuple(" "); });
  delimiter.field("delimiter", [](const CharDelimiterSplit& part) { return text_of(part.delimiter); },
                  [](CharDelimiterSplit& part, const std::string& value) { part.delimiter = character_of(value); });

  using text::Digits;
  Class<Digits> digits(module, "Digits", "Cuts around numbers, or around each digit.");
  digits->def("__init__", [](Self<Digits>& self, bool individual_digits) { construct(self, Digits{individual_digits}); }, "individual_digits"_a = false);
  digits.field("individual_digits", &Digits::individual_digits);

  using text::FixedLength;
  Class<FixedLength> fixed(module, "FixedLength", "Cuts every so many characters.");
  fixed->def("__init__", [](Self<FixedLength>& self, size_t length) { construct(self, FixedLength{length}); }, "length"_a = 5);
  fixed.field("length", &FixedLength::length);
}

}  // namespace

void bind_pre_tokenizers(nb::module_& parent) {
  auto module = parent.def_submodule("pre_tokenizers", "What cuts a text into the pieces that a model sees.");
  auto base = nb::class_<Handle<PreTokenizerSpec>>(module, "PreTokenizer", "The base of all pre-tokenizers.");
  bind_state(base);
  base.def_static("custom", [](nb::object pretok) {
    return handle_of(make_live(PreTokenizerSpec{text::CustomPreTokenizer{std::make_shared<PythonPreTokenizer>(std::move(pretok))}}));
  }, "pretok"_a, "A pre-tokenizer of the program's own: an object with `pre_tokenize(pretok: PreTokenizedString)`.");
  base.def("pre_tokenize", [](const Handle<PreTokenizerSpec>& self, PyPreTokenizedString& pretok) {
    check_or_raise(value_or_raise(self.live->stage())->pre_tokenize(pretok.get()));
  }, "pretok"_a);
  base.def("pre_tokenize_str", &pre_tokenize_str, "s"_a);
  nb::class_<Self<text::CustomPreTokenizer>, Handle<PreTokenizerSpec>>(module, "CustomPreTokenizer");

  bind_plain<text::BertPreTokenizer>(module, "BertPreTokenizer", "Cuts at white space and around punctuation.");
  bind_plain<text::UnicodeScripts>(module, "UnicodeScripts", "Cuts where the script changes.");
  bind_plain<text::Whitespace>(module, "Whitespace", R"(Cuts by \w+|[^\w\s]+.)");
  bind_plain<text::WhitespaceSplit>(module, "WhitespaceSplit", "Cuts at white space.");
  bind_byte_level(module);
  bind_splits(module);

  using text::MetaspacePreTokenizer;
  Class<MetaspacePreTokenizer> metaspace(module, "Metaspace", "Writes spaces as a letter, and cuts in front of it.");
  metaspace->def("__init__", [](Self<MetaspacePreTokenizer>& self, std::string_view replacement, const std::string& prepend_scheme, bool split) {
    construct(self, MetaspacePreTokenizer{character_of(replacement), prepend_scheme_of(prepend_scheme), split});
  }, "replacement"_a = "▁", "prepend_scheme"_a = "always", "split"_a = true);
  bind_metaspace_fields(metaspace);

  Class<text::PreTokenizerSequence> sequence(module, "Sequence", "Pre-tokenizers one after another.");
  bind_sequence<PreTokenizerSpec, text::PreTokenizerSequence>(sequence, "object is not an instance of 'PreTokenizer'");
}

}  // namespace headrace::python
