// The JSON forms of the decoders. {"type": …} decides where it names a decoder; any other
// form is tried against each kind in the reference's order: some are told by their fields
// alone, which may also be a list.
#include <initializer_list>

#include "text/components/component_json.h"
#include "text/regex.h"
#include "text/unicode/utf8.h"
#include "text/unicode/utf8_append.h"

namespace headrace::text {
namespace {

using Json = ComponentJson;

std::unexpected<Error> no_match() {
  return fail(ErrorKind::InvalidData, "data did not match any variant of untagged enum PyDecoderWrapper");
}

/// An object, or a list of the values of these fields, as an object.
std::optional<Json> fields(const Json& json, std::initializer_list<const char*> names) {
  if (json.is_object()) return json;
  if (!json.is_array() || json.size() != names.size()) return std::nullopt;
  Json object = Json::object();
  size_t i = 0;
  for (const char* name : names) object[name] = json[i++];
  return object;
}

bool has_type(const Json& json, std::string_view type) {
  if (!json.is_object()) return false;
  const auto member = json.find("type");
  return member != json.end() && member->is_string() && member->get_ref<const std::string&>() == type;
}

Result<char32_t> required_character(const Json& json, const char* name) {
  HR_TRY(const Json* value, required(json, name));
  if (!value->is_string()) return invalid_type(*value, "a character");
  const auto& text = value->get_ref<const std::string&>();
  if (text.empty() || utf8::length_by_lead(text[0]) != text.size()) {
    return fail(ErrorKind::InvalidData, "invalid value: string \"" + text + "\", expected a character", text);
  }
  uint32_t length = 0;
  return utf8::decode(text.data(), length);
}

Result<size_t> required_size(const Json& json, const char* name) {
  HR_TRY(const Json* value, required(json, name));
  if (!value->is_number_unsigned()) return invalid_type(*value, "usize");
  return value->get<size_t>();
}

Result<DecoderSpec> read_bpe(const Json& json) {
  const auto object = fields(json, {"suffix"});
  if (!object) return no_match();
  BpeDecoder bpe;
  HR_TRY(bpe.suffix, required_string(*object, "suffix"));
  return DecoderSpec{std::move(bpe)};
}

Result<DecoderSpec> read_byte_level(const Json& json) {
  if (!has_type(json, "ByteLevel")) return no_match();
  ByteLevelDecoder byte_level;
  HR_TRY(byte_level.add_prefix_space, required_bool(json, "add_prefix_space"));
  HR_TRY(byte_level.trim_offsets, required_bool(json, "trim_offsets"));
  if (json.contains("use_regex")) {
    HR_TRY(byte_level.use_regex, required_bool(json, "use_regex"));
  }
  return DecoderSpec{byte_level};
}

Result<DecoderSpec> read_word_piece(const Json& json) {
  const auto object = fields(json, {"prefix", "cleanup"});
  if (!object) return no_match();
  WordPieceDecoder word_piece;
  HR_TRY(word_piece.prefix, required_string(*object, "prefix"));
  HR_TRY(word_piece.cleanup, required_bool(*object, "cleanup"));
  return DecoderSpec{std::move(word_piece)};
}

Result<PrependScheme> read_scheme(const std::string& name) {
  if (name == "first") return PrependScheme::First;
  if (name == "never") return PrependScheme::Never;
  if (name == "always") return PrependScheme::Always;
  return no_match();
}

Result<DecoderSpec> read_metaspace(const Json& json) {
  if (!has_type(json, "Metaspace")) return no_match();
  MetaspaceDecoder metaspace;
  HR_TRY(metaspace.replacement, required_character(json, "replacement"));
  if (json.contains("prepend_scheme")) {
    HR_TRY(const std::string scheme, required_string(json, "prepend_scheme"));
    HR_TRY(metaspace.prepend_scheme, read_scheme(scheme));
  }
  if (const auto split = json.find("split"); split != json.end() && !split->is_null()) {
    HR_TRY(metaspace.split, required_bool(json, "split"));
  }
  // The old way to say whether a space is put in front. It may say no only where the new one says never.
  if (const auto prefix = json.find("add_prefix_space"); prefix != json.end() && !prefix->is_null()) {
    HR_TRY(const bool add, required_bool(json, "add_prefix_space"));
    if (!add && metaspace.prepend_scheme != PrependScheme::Never) {
      return fail(ErrorKind::InvalidData, "add_prefix_space does not match declared prepend_scheme");
    }
  }
  return DecoderSpec{metaspace};
}

Result<DecoderSpec> read_ctc(const Json& json) {
  const auto object = fields(json, {"pad_token", "word_delimiter_token", "cleanup"});
  if (!object) return no_match();
  Ctc ctc;
  HR_TRY(ctc.pad_token, required_string(*object, "pad_token"));
  HR_TRY(ctc.word_delimiter_token, required_string(*object, "word_delimiter_token"));
  HR_TRY(ctc.cleanup, required_bool(*object, "cleanup"));
  return DecoderSpec{std::move(ctc)};
}

Result<DecoderSpec> read(const Json& json);

Result<DecoderSpec> read_sequence(const Json& json) {
  if (!has_type(json, "Sequence")) return no_match();
  HR_TRY(const Json* parts, required(json, "decoders"));
  if (!parts->is_array()) return invalid_type(*parts, "a sequence");
  DecoderSequence sequence;
  for (const Json& part : *parts) {
    HR_TRY(auto spec, read(part));
    sequence.parts.push_back(std::make_shared<Live<DecoderSpec>>(std::move(spec)));
  }
  return DecoderSpec{std::move(sequence)};
}

Result<DecoderSpec> read_replace(const Json& json) {
  const auto object = fields(json, {"pattern", "content"});
  if (!object) return no_match();
  ReplaceDecoder replace;
  HR_TRY(const Json* pattern, required(*object, "pattern"));
  HR_TRY(replace.pattern, read_pattern(*pattern));
  HR_TRY(replace.content, required_string(*object, "content"));
  if (const auto* regex = std::get_if<RegexPattern>(&replace.pattern)) HR_CHECK(Regex::compile(regex->text));
  return DecoderSpec{std::move(replace)};
}

Result<DecoderSpec> read_fuse(const Json& json) {
  if (!has_type(json, "Fuse")) return no_match();
  return DecoderSpec{Fuse{}};
}

Result<DecoderSpec> read_strip(const Json& json) {
  const auto object = fields(json, {"content", "start", "stop"});
  if (!object) return no_match();
  StripDecoder strip;
  HR_TRY(strip.content, required_character(*object, "content"));
  HR_TRY(strip.start, required_size(*object, "start"));
  HR_TRY(strip.stop, required_size(*object, "stop"));
  return DecoderSpec{strip};
}

Result<DecoderSpec> read_byte_fallback(const Json& json) {
  if (!has_type(json, "ByteFallback")) return no_match();
  return DecoderSpec{ByteFallback{}};
}

struct Kind {
  std::string_view type;
  Result<DecoderSpec> (*read)(const Json&);
};

constexpr Kind kKinds[] = {
    {"BPEDecoder", read_bpe},     {"ByteLevel", read_byte_level}, {"WordPiece", read_word_piece}, {"Metaspace", read_metaspace},
    {"CTC", read_ctc},            {"Sequence", read_sequence},    {"Replace", read_replace},      {"Fuse", read_fuse},
    {"Strip", read_strip},        {"ByteFallback", read_byte_fallback},
};

Result<DecoderSpec> read(const Json& json) {
  for (const Kind& kind : kKinds) {
    if (!has_type(json, kind.type)) continue;
    if (auto spec = kind.read(json)) return spec;
    return no_match();
  }
  for (const Kind& kind : kKinds) {
    if (auto spec = kind.read(json)) return spec;
  }
  return no_match();
}

Json typed(const char* type) { return Json{{"type", type}}; }

std::string text_of(char32_t character) {
  std::string text;
  utf8::append(text, character);
  return text;
}

const char* name(PrependScheme scheme) {
  switch (scheme) {
    case PrependScheme::First: return "first";
    case PrependScheme::Never: return "never";
    case PrependScheme::Always: return "always";
  }
  return "always";
}

Result<Json> write(const DecoderSpec& spec);

struct Writer {
  Result<Json> operator()(const BpeDecoder& spec) const {
    Json json = typed("BPEDecoder");
    json["suffix"] = spec.suffix;
    return json;
  }
  Result<Json> operator()(const ByteFallback&) const { return typed("ByteFallback"); }
  Result<Json> operator()(const ByteLevelDecoder& spec) const {
    Json json = typed("ByteLevel");
    json["add_prefix_space"] = spec.add_prefix_space;
    json["trim_offsets"] = spec.trim_offsets;
    json["use_regex"] = spec.use_regex;
    return json;
  }
  Result<Json> operator()(const Ctc& spec) const {
    Json json = typed("CTC");
    json["pad_token"] = spec.pad_token;
    json["word_delimiter_token"] = spec.word_delimiter_token;
    json["cleanup"] = spec.cleanup;
    return json;
  }
  Result<Json> operator()(const Fuse&) const { return typed("Fuse"); }
  Result<Json> operator()(const MetaspaceDecoder& spec) const {
    Json json = typed("Metaspace");
    json["replacement"] = text_of(spec.replacement);
    json["prepend_scheme"] = name(spec.prepend_scheme);
    json["split"] = spec.split;
    return json;
  }
  Result<Json> operator()(const ReplaceDecoder& spec) const {
    Json json = typed("Replace");
    json["pattern"] = write_pattern(spec.pattern);
    json["content"] = spec.content;
    return json;
  }
  Result<Json> operator()(const StripDecoder& spec) const {
    Json json = typed("Strip");
    json["content"] = text_of(spec.content);
    json["start"] = spec.start;
    json["stop"] = spec.stop;
    return json;
  }
  Result<Json> operator()(const WordPieceDecoder& spec) const {
    Json json = typed("WordPiece");
    json["prefix"] = spec.prefix;
    json["cleanup"] = spec.cleanup;
    return json;
  }
  Result<Json> operator()(const DecoderSequence& spec) const {
    Json json = typed("Sequence");
    Json& parts = json["decoders"] = Json::array();
    for (const auto& part : spec.parts) {
      if (!part) continue;
      HR_TRY(Json item, write(part->get()));
      parts.push_back(std::move(item));
    }
    return json;
  }
  Result<Json> operator()(const CustomDecoder&) const { return fail(ErrorKind::Unsupported, "Custom Decoder cannot be serialized"); }
};

Result<Json> write(const DecoderSpec& spec) { return std::visit(Writer{}, spec.value); }

}  // namespace

template <>
Result<DecoderSpec> read_component<DecoderSpec>(std::string_view json) {
  HR_TRY(const Json parsed, parse_component(json));
  return read(parsed);
}

template <>
Result<std::string> write_component<DecoderSpec>(const DecoderSpec& spec) {
  HR_TRY(const Json json, write(spec));
  return component_text(json);
}

}  // namespace headrace::text
