#include "python/tokenizers/texts.h"

#include <fmt/format.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "python/bindings.h"
#include "python/tokenizers/characters.h"
#include "python/tokenizers/tokens.h"
#include "python/tokenizers/py_encoding.h"
#include "text/encoding.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::NormalizedString;
using text::Offset;
using text::PreTokenizedString;

/// `n[3]`, `n[(2, 5)]` and `n[2:5]` in characters, as bytes of the normalised text; none
/// outside of it.
std::optional<Offset> slice_range(const NormalizedString& text, nb::handle range) {
  const CharacterMap characters(text.normalized());
  const auto size = static_cast<Py_ssize_t>(characters.size());
  const auto bytes = [&](Py_ssize_t begin, Py_ssize_t end) -> std::optional<Offset> {
    if (begin < 0 || end > size || begin > end) return std::nullopt;
    return Offset{characters.byte_of(begin), characters.byte_of(end)};
  };
  if (PySlice_Check(range.ptr())) {
    Py_ssize_t begin = 0, end = 0, step = 0;
    if (PySlice_Unpack(range.ptr(), &begin, &end, &step) < 0) throw nb::python_error();
    PySlice_AdjustIndices(size, &begin, &end, step);
    return bytes(begin, std::max(begin, end));
  }
  if (PyTuple_Check(range.ptr())) {
    const auto pair = nb::cast<std::pair<Py_ssize_t, Py_ssize_t>>(range);
    return bytes(pair.first, pair.second);
  }
  Py_ssize_t index = nb::cast<Py_ssize_t>(range);
  if (index < 0) index += size;
  return bytes(index, index + 1);
}

nb::object slice(const PyNormalizedString& self, nb::handle range) {
  const auto bytes = slice_range(self.get(), range);
  if (!bytes) return nb::none();
  auto part = self.get().slice_normalized(*bytes);
  return part ? nb::cast(PyNormalizedString(*std::move(part))) : nb::none();
}

char32_t one_character(const nb::object& value, const char* message) {
  if (!nb::isinstance<nb::str>(value)) throw nb::type_error(message);
  return character_of(nb::cast<std::string_view>(value), message);
}

void bind_normalized_string(nb::module_& module) {
  nb::class_<PyNormalizedString>(module, "NormalizedString", "A text while it is normalised, with the way back to the original.")
      .def("__init__", [](PyNormalizedString* self, std::string sequence) { new (self) PyNormalizedString(NormalizedString(std::move(sequence))); },
           "sequence"_a)
      .def_prop_ro("normalized", [](const PyNormalizedString& self) { return self.get().normalized(); })
      .def_prop_ro("original", [](const PyNormalizedString& self) { return self.get().original(); })
      .def("nfc", [](PyNormalizedString& self) { self.get().nfc(); })
      .def("nfd", [](PyNormalizedString& self) { self.get().nfd(); })
      .def("nfkc", [](PyNormalizedString& self) { self.get().nfkc(); })
      .def("nfkd", [](PyNormalizedString& self) { self.get().nfkd(); })
      .def("lowercase", [](PyNormalizedString& self) { self.get().lowercase(); })
      .def("uppercase", [](PyNormalizedString& self) { self.get().uppercase(); })
      .def("prepend", [](PyNormalizedString& self, std::string_view s) { self.get().prepend(s); }, "s"_a)
      .def("append", [](PyNormalizedString& self, std::string_view s) { self.get().append(s); }, "s"_a)
      .def("lstrip", [](PyNormalizedString& self) { self.get().strip(true, false); })
      .def("rstrip", [](PyNormalizedString& self) { self.get().strip(false, true); })
      .def("strip", [](PyNormalizedString& self) { self.get().strip(true, true); })
      .def("clear", [](PyNormalizedString& self) { self.get().clear(); })
      .def("slice", &slice, "range"_a)
      .def("__getitem__", &slice, "range"_a)
      .def("filter",
           [](PyNormalizedString& self, const nb::callable& func) {
             self.get().filter([&](char32_t c) { return nb::cast<bool>(func(text_of(c))); });
           },
           "func"_a)
      .def("for_each", [](const PyNormalizedString& self, const nb::callable& func) { self.get().for_each([&](char32_t c) { func(text_of(c)); }); },
           "func"_a)
      .def("map",
           [](PyNormalizedString& self, const nb::callable& func) {
             self.get().map([&](char32_t c) { return one_character(func(text_of(c)), "`map` expect a callable that takes a char and returns one"); });
           },
           "func"_a)
      .def("split",
           [](const PyNormalizedString& self, nb::handle pattern, nb::handle behavior) {
             std::vector<PyNormalizedString> parts;
             for (auto& part : value_or_raise(self.get().split(finder_of(pattern), behavior_of(behavior)))) parts.emplace_back(std::move(part));
             return parts;
           },
           "pattern"_a, "behavior"_a)
      .def("replace",
           [](PyNormalizedString& self, nb::handle pattern, std::string_view content) {
             check_or_raise(self.get().replace(finder_of(pattern), content));
           },
           "pattern"_a, "content"_a)
      .def("__str__", [](const PyNormalizedString& self) { return self.get().normalized(); })
      .def("__repr__", [](const PyNormalizedString& self) {
        return fmt::format("NormalizedString(original=\"{}\", normalized=\"{}\")", self.get().original(), self.get().normalized());
      });
}

Result<std::vector<PreTokenizedString::Split>> parts_of(const nb::object& parts) {
  if (!nb::isinstance<nb::list>(parts) && !nb::isinstance<nb::tuple>(parts)) {
    return fail(ErrorKind::InvalidArgument, "`split` expects a callable with the signature: `fn(index: int, normalized: NormalizedString) -> "
                                            "List[NormalizedString]`");
  }
  std::vector<PreTokenizedString::Split> splits;
  for (const nb::handle part : parts) splits.push_back({nb::cast<PyNormalizedString&>(part).get(), std::nullopt});
  return splits;
}

Result<std::vector<text::ModelToken>> tokens_of(const nb::object& tokens) {
  std::vector<text::ModelToken> result;
  for (const nb::handle token : tokens) result.push_back(nb::cast<Token&>(token).token);
  return result;
}

using SplitTuple = std::tuple<std::string, std::pair<uint32_t, uint32_t>, std::optional<std::vector<Token>>>;

std::string word_of(nb::handle value) {
  return nb::cast<std::string>(nb::hasattr(value, "value") ? nb::object(value.attr("value")) : nb::borrow(value));
}

std::vector<SplitTuple> splits_of(const PyPreTokenizedString& self, nb::handle referential, nb::handle type) {
  const std::string of = word_of(referential);
  const std::string unit = word_of(type);
  if (of != "original" && of != "normalized") {
    throw nb::value_error("Wrong value for OffsetReferential, expected one of `original, normalized`");
  }
  if (unit != "byte" && unit != "char") throw nb::value_error("Wrong value for OffsetType, expected one of `byte, char`");
  const CharacterMap characters(self.get().original());
  std::vector<SplitTuple> result;
  uint32_t begin = 0;
  for (const auto& split : self.get().splits()) {
    const auto size = static_cast<uint32_t>(split.text.normalized().size());
    Offset offsets = of == "original" ? split.text.original_offsets() : Offset{begin, begin + size};
    begin += size;
    if (unit == "char") offsets = characters.characters_of(offsets);
    std::optional<std::vector<Token>> tokens;
    if (split.tokens) {
      tokens.emplace();
      for (const auto& token : *split.tokens) tokens->emplace_back(token);
    }
    result.emplace_back(split.text.normalized(), std::pair(offsets.begin, offsets.end), std::move(tokens));
  }
  return result;
}

void bind_pre_tokenized_string(nb::module_& module) {
  nb::class_<PyPreTokenizedString>(module, "PreTokenizedString", "A text cut into pieces, some of which are tokens already.")
      .def("__init__", [](PyPreTokenizedString* self, std::string s) { new (self) PyPreTokenizedString(PreTokenizedString(std::move(s))); }, "s"_a)
      .def("split",
           [](PyPreTokenizedString& self, const nb::callable& func) {
             check_or_raise(self.get().split([&](size_t index, NormalizedString piece) {
               return in_python([&] { return parts_of(func(index, PyNormalizedString(std::move(piece)))); });
             }));
           },
           "func"_a)
      .def("normalize",
           [](PyPreTokenizedString& self, const nb::callable& func) {
             check_or_raise(self.get().normalize([&](NormalizedString& piece) {
               return lend(piece, [&](const nb::object& object) { return in_python([&]() -> Result<void> { func(object); return {}; }); });
             }));
           },
           "func"_a)
      .def("tokenize",
           [](PyPreTokenizedString& self, const nb::callable& func) {
             check_or_raise(self.get().tokenize(
                 [&](const NormalizedString& piece) { return in_python([&] { return tokens_of(func(piece.normalized())); }); }));
           },
           "func"_a)
      .def("to_encoding",
           [](const PyPreTokenizedString& self, uint32_t type_id, std::optional<uint32_t> word_idx) {
             return PyEncoding(value_or_raise(self.get().into_encoding(word_idx, type_id, text::OffsetUnit::Character)));
           },
           "type_id"_a = 0, "word_idx"_a = nb::none())
      .def("get_splits", &splits_of, "offset_referential"_a = "original", "offset_type"_a = "char");
}

struct PyRegex {
  std::string pattern;
  text::Regex regex;
};

void bind_token_and_regex(nb::module_& module) {
  nb::class_<Token>(module, "Token", "One token of a model: its id, its spelling, and the part of the piece that it covers.")
      .def("__init__",
           [](Token* self, text::TokenId id, std::string value, std::pair<uint32_t, uint32_t> offsets) {
             new (self) Token({id, std::move(value), {offsets.first, offsets.second}});
           },
           "id"_a, "value"_a, "offsets"_a)
      .def_prop_ro("id", [](const Token& self) { return self.token.id; })
      .def_prop_ro("value", [](const Token& self) { return self.token.value; })
      .def_prop_ro("offsets", [](const Token& self) { return std::pair(self.token.offsets.begin, self.token.offsets.end); })
      .def("as_tuple", [](const Token& self) {
        return std::tuple(self.token.id, self.token.value, std::pair(self.token.offsets.begin, self.token.offsets.end));
      });
  nb::class_<PyRegex>(module, "Regex", "A pattern in Oniguruma's syntax.")
      .def("__init__",
           [](PyRegex* self, std::string s) {
             auto regex = value_or_raise(text::Regex::compile(s));
             new (self) PyRegex{std::move(s), std::move(regex)};
           },
           "s"_a);
}

}  // namespace

text::PatternSpec pattern_of(nb::handle pattern) {
  if (nb::isinstance<nb::str>(pattern)) return text::StringPattern{nb::cast<std::string>(pattern)};
  PyRegex* regex = nullptr;
  if (nb::try_cast(pattern, regex, false) && regex) return text::RegexPattern{regex->pattern};
  throw nb::type_error("Expected Union[str, tokenizers.Regex]");
}

text::Finder finder_of(nb::handle pattern) {
  PyRegex* regex = nullptr;
  if (nb::try_cast(pattern, regex, false) && regex) return text::find_regex(regex->regex);
  return text::find_string(std::get<text::StringPattern>(pattern_of(pattern)).text);
}

text::SplitBehavior behavior_of(nb::handle behavior) {
  const std::string word = word_of(behavior);
  for (const auto one : {text::SplitBehavior::Removed, text::SplitBehavior::Isolated, text::SplitBehavior::MergedWithPrevious,
                         text::SplitBehavior::MergedWithNext, text::SplitBehavior::Contiguous}) {
    if (word == name_of(one)) return one;
  }
  throw nb::value_error("Wrong value for SplitDelimiterBehavior, expected one of: `removed, isolated, merged_with_previous, "
                        "merged_with_next, contiguous`");
}

const char* name_of(text::SplitBehavior behavior) {
  switch (behavior) {
    case text::SplitBehavior::Removed: return "removed";
    case text::SplitBehavior::Isolated: return "isolated";
    case text::SplitBehavior::MergedWithPrevious: return "merged_with_previous";
    case text::SplitBehavior::MergedWithNext: return "merged_with_next";
    case text::SplitBehavior::Contiguous: return "contiguous";
  }
  return "";
}

void bind_texts(nb::module_& module) {
  bind_normalized_string(module);
  bind_pre_tokenized_string(module);
  bind_token_and_regex(module);
}

}  // namespace headrace::python
