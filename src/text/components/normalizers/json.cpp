// The JSON forms of the normalizers. {"type": …} decides where it names a normalizer; a
// form without it (or with another type) is tried against those normalizers that can be
// told by their fields, in the reference's order. That may also be a list of the fields.
#include <array>
#include <optional>
#include <string_view>

#include "text/components/component_json.h"
#include "text/components/normalizers/base64.h"
#include "text/components/normalizers/charsmap.h"
#include "text/regex.h"

namespace headrace::text {
namespace {

using Json = ComponentJson;

Result<NormalizerSpec> read(const Json& json);

Result<std::optional<bool>> optional_bool(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_boolean()) return invalid_type(value, "a boolean");
  return value.get<bool>();
}

Result<NormalizerSpec> read_bert(const Json& json) {
  BertNormalizer bert;
  HR_TRY(bert.clean_text, required_bool(json, "clean_text"));
  HR_TRY(bert.handle_chinese_chars, required_bool(json, "handle_chinese_chars"));
  if (json.contains("strip_accents")) {
    HR_TRY(bert.strip_accents, optional_bool(json["strip_accents"]));
  }
  HR_TRY(bert.lowercase, required_bool(json, "lowercase"));
  return NormalizerSpec{bert};
}

Result<NormalizerSpec> read_strip(const Json& json) {
  StripNormalizer strip;
  HR_TRY(strip.strip_left, required_bool(json, "strip_left"));
  HR_TRY(strip.strip_right, required_bool(json, "strip_right"));
  return NormalizerSpec{strip};
}

Result<NormalizerSpec> read_sequence(const Json& json) {
  HR_TRY(const Json* parts, required(json, "normalizers"));
  if (!parts->is_array()) return invalid_type(*parts, "a sequence");
  NormalizerSequence sequence;
  for (const Json& part : *parts) {
    HR_TRY(NormalizerSpec spec, read(part));
    sequence.parts.push_back(std::make_shared<Live<NormalizerSpec>>(std::move(spec)));
  }
  return NormalizerSpec{std::move(sequence)};
}

Result<NormalizerSpec> read_precompiled(const Json& json) {
  HR_TRY(const std::string text, required_string(json, "precompiled_charsmap"));
  auto bytes = base64_decoded(text);
  if (!bytes) return fail(ErrorKind::InvalidData, "Precompiled: precompiled_charsmap is not base64");
  HR_CHECK(Charsmap::parse(*bytes));
  const auto longest = json.find("longest_match");
  return NormalizerSpec{Precompiled{std::move(*bytes), longest != json.end() && longest->is_boolean() && longest->get<bool>()}};
}

Result<NormalizerSpec> read_replace(const Json& json) {
  ReplaceNormalizer replace;
  HR_TRY(const Json* pattern, required(json, "pattern"));
  HR_TRY(replace.pattern, read_pattern(*pattern));
  HR_TRY(replace.content, required_string(json, "content"));
  if (const auto* regex = std::get_if<RegexPattern>(&replace.pattern)) HR_CHECK(Regex::compile(regex->text));
  return NormalizerSpec{std::move(replace)};
}

Result<NormalizerSpec> read_prepend(const Json& json) {
  HR_TRY(std::string text, required_string(json, "prepend"));
  return NormalizerSpec{Prepend{std::move(text)}};
}

template <class Spec>
Result<NormalizerSpec> read_bare(const Json&) {
  return NormalizerSpec{Spec{}};
}

struct Reader {
  std::string_view type;
  Result<NormalizerSpec> (*read)(const Json&);
  bool takes_list = false;  // ["NFC"] for {"type": "NFC"}
};

constexpr Reader kReaders[] = {
    {"Bert", read_bert},
    {"BertNormalizer", read_bert},
    {"Strip", read_strip},
    {"StripAccents", read_bare<StripAccents>, true},
    {"NFC", read_bare<Nfc>, true},
    {"NFD", read_bare<Nfd>, true},
    {"NFKC", read_bare<Nfkc>, true},
    {"NFKD", read_bare<Nfkd>, true},
    {"Sequence", read_sequence},
    {"Lowercase", read_bare<Lowercase>, true},
    {"Nmt", read_bare<Nmt>, true},
    {"Precompiled", read_precompiled},
    {"Replace", read_replace},
    {"Prepend", read_prepend},
    {"ByteLevel", read_bare<ByteLevelNormalizer>},
};

const Reader* reader_of(std::string_view type) {
  for (const Reader& reader : kReaders) {
    if (reader.type == type) return &reader;
  }
  return nullptr;
}

std::unexpected<Error> no_match() {
  return fail(ErrorKind::InvalidData, "data did not match any variant of untagged enum NormalizerUntagged");
}

/// A form told by its fields: what they are called, in the order of a list of them.
struct UntypedForm {
  Result<NormalizerSpec> (*read)(const Json&);
  std::array<const char*, 4> fields;
  size_t count;
};

constexpr UntypedForm kUntypedForms[] = {
    {read_bert, {"clean_text", "handle_chinese_chars", "strip_accents", "lowercase"}, 4},
    {read_strip, {"strip_left", "strip_right"}, 2},
    {read_sequence, {"normalizers"}, 1},
    {read_replace, {"pattern", "content"}, 2},
    {read_prepend, {"prepend"}, 1},
};

Result<NormalizerSpec> read_untyped(const Json& json) {
  if (json.is_array() && json.size() == 1 && json[0].is_string()) {
    const Reader* reader = reader_of(json[0].get<std::string>());
    if (reader && reader->takes_list) {  // ByteLevel comes after Prepend, which takes any string
      return reader->read(json);
    }
  }
  for (const UntypedForm& form : kUntypedForms) {
    Json fields = Json::object();
    if (json.is_array()) {
      if (json.size() != form.count) continue;
      for (size_t i = 0; i < form.count; ++i) fields[form.fields[i]] = json[i];
    }
    if (auto spec = form.read(json.is_array() ? fields : json)) return spec;
  }
  return no_match();
}

Result<NormalizerSpec> read(const Json& json) {
  if (!json.is_object() && !json.is_array()) return no_match();
  if (json.is_object()) {
    const auto type = json.find("type");
    const Reader* reader = type != json.end() && type->is_string() ? reader_of(type->get_ref<const std::string&>()) : nullptr;
    if (reader && reader->type != "BertNormalizer") return reader->read(json);
  }
  return read_untyped(json);
}

Result<Json> write(const NormalizerSpec& spec);

Json typed(const char* type) { return Json{{"type", type}}; }

struct Writer {
  Result<Json> operator()(const BertNormalizer& spec) const {
    Json json = typed("BertNormalizer");
    json["clean_text"] = spec.clean_text;
    json["handle_chinese_chars"] = spec.handle_chinese_chars;
    json["strip_accents"] = spec.strip_accents ? Json(*spec.strip_accents) : Json();
    json["lowercase"] = spec.lowercase;
    return json;
  }
  Result<Json> operator()(const ByteLevelNormalizer&) const { return typed("ByteLevel"); }
  Result<Json> operator()(const Nfc&) const { return typed("NFC"); }
  Result<Json> operator()(const Nfd&) const { return typed("NFD"); }
  Result<Json> operator()(const Nfkc&) const { return typed("NFKC"); }
  Result<Json> operator()(const Nfkd&) const { return typed("NFKD"); }
  Result<Json> operator()(const Nmt&) const { return typed("Nmt"); }
  Result<Json> operator()(const Lowercase&) const { return typed("Lowercase"); }
  Result<Json> operator()(const StripAccents&) const { return typed("StripAccents"); }
  Result<Json> operator()(const StripNormalizer& spec) const {
    Json json = typed("Strip");
    json["strip_left"] = spec.strip_left;
    json["strip_right"] = spec.strip_right;
    return json;
  }
  Result<Json> operator()(const Prepend& spec) const {
    Json json = typed("Prepend");
    json["prepend"] = spec.prepend;
    return json;
  }
  Result<Json> operator()(const Precompiled& spec) const {
    Json json = typed("Precompiled");
    json["precompiled_charsmap"] = base64_encoded(spec.charsmap);
    if (spec.longest_match) json["longest_match"] = true;
    return json;
  }
  Result<Json> operator()(const ReplaceNormalizer& spec) const {
    Json json = typed("Replace");
    json["pattern"] = write_pattern(spec.pattern);
    json["content"] = spec.content;
    return json;
  }
  Result<Json> operator()(const NormalizerSequence& spec) const {
    Json json = typed("Sequence");
    Json& parts = json["normalizers"] = Json::array();
    for (const LivePart<NormalizerSpec>& part : spec.parts) {
      if (!part) continue;
      HR_TRY(Json written, write(part->get()));
      parts.push_back(std::move(written));
    }
    return json;
  }
  Result<Json> operator()(const CustomNormalizer&) const {
    return fail(ErrorKind::Unsupported, "Custom Normalizer cannot be serialized");
  }
};

Result<Json> write(const NormalizerSpec& spec) { return std::visit(Writer{}, spec.value); }

}  // namespace

template <>
Result<NormalizerSpec> read_component<NormalizerSpec>(std::string_view json) {
  HR_TRY(const Json parsed, parse_component(json));
  return read(parsed);
}

template <>
Result<std::string> write_component<NormalizerSpec>(const NormalizerSpec& spec) {
  HR_TRY(const Json json, write(spec));
  return component_text(json);
}

}  // namespace headrace::text
