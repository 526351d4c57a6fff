// The JSON forms of the pre-tokenizers. {"type": …} names one; a few are read from a list
// of their fields too, the type first.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "text/components/component_json.h"
#include "text/pretokenize/published_families.h"
#include "text/regex.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

using Json = ComponentJson;

constexpr std::array<std::pair<std::string_view, SplitBehavior>, 5> kBehaviors = {{{"Removed", SplitBehavior::Removed},
                                                                                   {"Isolated", SplitBehavior::Isolated},
                                                                                   {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
                                                                                   {"MergedWithNext", SplitBehavior::MergedWithNext},
                                                                                   {"Contiguous", SplitBehavior::Contiguous}}};
constexpr std::array<std::pair<std::string_view, PrependScheme>, 3> kPrependSchemes = {
    {{"first", PrependScheme::First}, {"never", PrependScheme::Never}, {"always", PrependScheme::Always}}};

template <class Value, size_t N>
Result<Value> read_name(const Json& json, const std::array<std::pair<std::string_view, Value>, N>& names) {
  if (!json.is_string()) return invalid_type(json, "string or map");
  const std::string& given = json.get_ref<const std::string&>();
  std::string expected;
  for (const auto& [name, value] : names) {
    if (given == name) return value;
    expected += (expected.empty() ? "`" : ", `") + std::string(name) + "`";
  }
  return fail(ErrorKind::InvalidData, "unknown variant `" + given + "`, expected one of " + expected, given);
}

template <class Value, size_t N>
Json write_name(Value wanted, const std::array<std::pair<std::string_view, Value>, N>& names) {
  for (const auto& [name, value] : names) {
    if (value == wanted) return std::string(name);
  }
  return {};
}

Result<char32_t> read_character(const Json& json) {
  if (!json.is_string()) return invalid_type(json, "a character");
  const std::string& text = json.get_ref<const std::string&>();
  if (text.empty() || text.size() != utf8::length_by_lead(text[0])) {
    return fail(ErrorKind::InvalidData, "invalid value: string " + json.dump() + ", expected a character", text);
  }
  uint32_t length;
  return utf8::decode(text.data(), length);
}

Json write_character(char32_t c) {
  std::string text;
  utf8::append(text, c);
  return text;
}

Result<PreTokenizerSpec> read(const Json& json);

template <class Spec>
Result<PreTokenizerSpec> read_bare(const Json&) {
  return PreTokenizerSpec{Spec{}};
}

Result<PreTokenizerSpec> read_byte_level(const Json& json) {
  ByteLevelPreTokenizer spec;
  HR_TRY(spec.add_prefix_space, required_bool(json, "add_prefix_space"));
  HR_TRY(spec.trim_offsets, required_bool(json, "trim_offsets"));
  if (json.contains("use_regex")) {  // since 0.11
    HR_TRY(spec.use_regex, required_bool(json, "use_regex"));
  }
  return PreTokenizerSpec{spec};
}

Result<PreTokenizerSpec> read_delimiter(const Json& json) {
  HR_TRY(const Json* delimiter, required(json, "delimiter"));
  HR_TRY(const char32_t character, read_character(*delimiter));
  return PreTokenizerSpec{CharDelimiterSplit{character}};
}

Result<PreTokenizerSpec> read_digits(const Json& json) {
  HR_TRY(const bool individual, required_bool(json, "individual_digits"));
  return PreTokenizerSpec{Digits{individual}};
}

Result<PreTokenizerSpec> read_fixed_length(const Json& json) {
  FixedLength spec;
  if (const auto length = json.find("length"); length != json.end()) {
    if (length->is_number_integer() && !length->is_number_unsigned()) {
      return fail(ErrorKind::InvalidData, "invalid value: integer `" + length->dump() + "`, expected usize");
    }
    if (!length->is_number_unsigned()) return invalid_type(*length, "usize");
    spec.length = length->get<size_t>();
  }
  return PreTokenizerSpec{spec};
}

/// True where the member is absent or null.
Result<std::optional<bool>> optional_bool(const Json& json, const char* name) {
  if (!json.contains(name) || json[name].is_null()) return std::nullopt;
  HR_TRY(const bool value, required_bool(json, name));
  return value;
}

/// Old files have add_prefix_space instead of prepend_scheme, older ones str_rep as well.
Result<PreTokenizerSpec> read_metaspace(const Json& json) {
  MetaspacePreTokenizer spec;
  HR_TRY(const Json* replacement, required(json, "replacement"));
  HR_TRY(spec.replacement, read_character(*replacement));
  HR_TRY(const auto add_prefix_space, optional_bool(json, "add_prefix_space"));
  if (json.contains("prepend_scheme")) {
    HR_TRY(spec.prepend_scheme, read_name(json["prepend_scheme"], kPrependSchemes));
  }
  HR_TRY(const auto split, optional_bool(json, "split"));
  spec.split = split.value_or(true);
  if (json.contains("str_rep") && !json["str_rep"].is_string()) return invalid_type(json["str_rep"], "a string");
  if (add_prefix_space == false && spec.prepend_scheme != PrependScheme::Never) {
    return fail(ErrorKind::InvalidData, "add_prefix_space does not match declared prepend_scheme");
  }
  return PreTokenizerSpec{spec};
}

Result<PreTokenizerSpec> read_punctuation(const Json& json) {
  Punctuation spec;
  if (json.contains("behavior")) {
    HR_TRY(spec.behavior, read_name(json["behavior"], kBehaviors));
  }
  return PreTokenizerSpec{spec};
}

Result<PreTokenizerSpec> read_split(const Json& json) {
  SplitPreTokenizer spec;
  HR_TRY(const Json* pattern, required(json, "pattern"));
  HR_TRY(spec.pattern, read_pattern(*pattern));
  HR_TRY(const Json* behavior, required(json, "behavior"));
  HR_TRY(spec.behavior, read_name(*behavior, kBehaviors));
  HR_TRY(spec.invert, required_bool(json, "invert"));
  const auto* regex = std::get_if<RegexPattern>(&spec.pattern);
  if (regex && !is_published_pattern(regex->text)) HR_CHECK(Regex::compile(regex->text));
  return PreTokenizerSpec{std::move(spec)};
}

Result<PreTokenizerSpec> read_sequence(const Json& json) {
  HR_TRY(const Json* parts, required(json, "pretokenizers"));
  if (!parts->is_array()) return invalid_type(*parts, "a sequence");
  PreTokenizerSequence sequence;
  for (const Json& part : *parts) {
    HR_TRY(PreTokenizerSpec spec, read(part));
    sequence.parts.push_back(std::make_shared<Live<PreTokenizerSpec>>(std::move(spec)));
  }
  return PreTokenizerSpec{std::move(sequence)};
}

struct Reader {
  std::string_view type;
  Result<PreTokenizerSpec> (*read)(const Json&);
  bool is_bare = false;  // has no fields
};

constexpr Reader kReaders[] = {
    {"BertPreTokenizer", read_bare<BertPreTokenizer>, true},
    {"ByteLevel", read_byte_level},
    {"Digits", read_digits},
    {"FixedLength", read_fixed_length},
    {"Metaspace", read_metaspace},
    {"Punctuation", read_punctuation},
    {"Sequence", read_sequence},
    {"Split", read_split},
    {"UnicodeScripts", read_bare<UnicodeScripts>, true},
    {"Whitespace", read_bare<Whitespace>, true},
    {"WhitespaceSplit", read_bare<WhitespaceSplit>, true},
};

const Reader* reader_of(const std::string& type) {
  for (const Reader& reader : kReaders) {
    if (reader.type == type) return &reader;
  }
  return nullptr;
}

std::unexpected<Error> no_match() {
  return fail(ErrorKind::InvalidData, "data did not match any variant of untagged enum PreTokenizerUntagged");
}

/// ["Whitespace"] and ["Split", pattern, behavior, invert].
Result<PreTokenizerSpec> read_list(const Json& json) {
  if (json.empty() || !json[0].is_string()) return no_match();
  const Reader* reader = reader_of(json[0].get<std::string>());
  if (reader && reader->is_bare && json.size() == 1) return reader->read(json);
  if (!reader || reader->type != "Split" || json.size() != 4) return no_match();
  auto split = read_split(Json{{"pattern", json[1]}, {"behavior", json[2]}, {"invert", json[3]}});
  if (!split) return no_match();
  return split;
}

Result<PreTokenizerSpec> read(const Json& json) {
  if (json.is_array()) return read_list(json);
  if (!json.is_object()) return no_match();
  const auto type = json.find("type");
  if (type == json.end() || !type->is_string()) return no_match();
  const std::string& name = type->get_ref<const std::string&>();
  if (const Reader* reader = reader_of(name)) return reader->read(json);
  if (name == "Delimiter") return fail(ErrorKind::InvalidData, "unknown variant `Delimiter`, expected `CharDelimiterSplit`", name);
  if (name != "CharDelimiterSplit") return no_match();
  auto delimiter = read_delimiter(json);
  if (!delimiter) return no_match();
  return delimiter;
}

Result<Json> write(const PreTokenizerSpec& spec);

Json typed(const char* type) { return Json{{"type", type}}; }

struct Writer {
  Result<Json> operator()(const BertPreTokenizer&) const { return typed("BertPreTokenizer"); }
  Result<Json> operator()(const ByteLevelPreTokenizer& spec) const {
    Json json = typed("ByteLevel");
    json["add_prefix_space"] = spec.add_prefix_space;
    json["trim_offsets"] = spec.trim_offsets;
    json["use_regex"] = spec.use_regex;
    return json;
  }
  Result<Json> operator()(const CharDelimiterSplit& spec) const {
    Json json = typed("CharDelimiterSplit");
    json["delimiter"] = write_character(spec.delimiter);
    return json;
  }
  Result<Json> operator()(const Digits& spec) const {
    Json json = typed("Digits");
    json["individual_digits"] = spec.individual_digits;
    return json;
  }
  Result<Json> operator()(const FixedLength& spec) const {
    Json json = typed("FixedLength");
    json["length"] = spec.length;
    return json;
  }
  Result<Json> operator()(const MetaspacePreTokenizer& spec) const {
    Json json = typed("Metaspace");
    json["replacement"] = write_character(spec.replacement);
    json["prepend_scheme"] = write_name(spec.prepend_scheme, kPrependSchemes);
    json["split"] = spec.split;
    return json;
  }
  Result<Json> operator()(const Punctuation& spec) const {
    Json json = typed("Punctuation");
    json["behavior"] = write_name(spec.behavior, kBehaviors);
    return json;
  }
  Result<Json> operator()(const SplitPreTokenizer& spec) const {
    Json json = typed("Split");
    json["pattern"] = write_pattern(spec.pattern);
    json["behavior"] = write_name(spec.behavior, kBehaviors);
    json["invert"] = spec.invert;
    return json;
  }
  Result<Json> operator()(const UnicodeScripts&) const { return typed("UnicodeScripts"); }
  Result<Json> operator()(const Whitespace&) const { return typed("Whitespace"); }
  Result<Json> operator()(const WhitespaceSplit&) const { return typed("WhitespaceSplit"); }
  Result<Json> operator()(const PreTokenizerSequence& spec) const {
    Json json = typed("Sequence");
    Json& parts = json["pretokenizers"] = Json::array();
    for (const LivePart<PreTokenizerSpec>& part : spec.parts) {
      if (!part) continue;
      HR_TRY(Json written, write(part->get()));
      parts.push_back(std::move(written));
    }
    return json;
  }
  Result<Json> operator()(const CustomPreTokenizer&) const {
    return fail(ErrorKind::Unsupported, "Custom PreTokenizer cannot be serialized");
  }
};

Result<Json> write(const PreTokenizerSpec& spec) { return std::visit(Writer{}, spec.value); }

}  // namespace

template <>
Result<PreTokenizerSpec> read_component<PreTokenizerSpec>(std::string_view json) {
  HR_TRY(const Json parsed, parse_component(json));
  return read(parsed);
}

template <>
Result<std::string> write_component<PreTokenizerSpec>(const PreTokenizerSpec& spec) {
  HR_TRY(const Json json, write(spec));
  return component_text(json);
}

}  // namespace headrace::text
