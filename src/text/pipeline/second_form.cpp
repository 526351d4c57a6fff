#include "text/pipeline/second_form.h"

#include "text/components/component_json.h"
#include "text/components/models/json_reader.h"

namespace headrace::text {
namespace {

using Json = ComponentJson;

/// Whether the model's object says "byte_level": true. Builds no tree: the model is large.
bool is_byte_level(std::string_view model) {
  bool value = false;
  JsonReader reader(model);
  reader.members([&](std::string_view key) {
    JsonReader::Kind kind;
    if (key != "byte_level" || !reader.peek(kind) || kind != JsonReader::Kind::True) return reader.skip();
    return reader.boolean(value);
  });
  return value;
}

bool has_type(const Json& part, std::string_view type) {
  const auto member = part.find("type");
  return member != part.end() && member->is_string() && member->get_ref<const std::string&>() == type;
}

void add_byte_level_parameters(Json& decoder) {
  if (!decoder.is_object()) return;
  if (has_type(decoder, "ByteLevel")) {
    for (const char* name : {"add_prefix_space", "trim_offsets", "use_regex"}) {
      if (!decoder.contains(name)) decoder[name] = true;
    }
  }
  if (decoder.contains("decoders") && decoder["decoders"].is_array()) {
    for (Json& part : decoder["decoders"]) add_byte_level_parameters(part);
  }
}

/// {"ids": [1], "type_id": 0} and {"seq": "A"} as the first form spells them; collects the special tokens.
Result<Json> first_form_piece(const Json& piece, Json& special_tokens, const Pipeline& pipeline) {
  if (!piece.is_object() || (!piece.contains("ids") && !piece.contains("seq"))) return piece;
  Json inner = Json::object();
  Json outer = Json::object();
  const Json type_id = piece.contains("type_id") ? piece["type_id"] : Json(0u);
  if (piece.contains("seq")) {
    inner["id"] = piece["seq"];
    inner["type_id"] = type_id;
    outer["Sequence"] = std::move(inner);
    return outer;
  }
  Json tokens = Json::array();
  std::string name;
  if (!piece["ids"].is_array()) return fail(ErrorKind::InvalidData, "a template's ids must be a list");
  for (const Json& id : piece["ids"]) {
    if (!id.is_number_unsigned()) return fail(ErrorKind::InvalidData, "a template's ids must be token ids");
    const auto spelled = pipeline.id_to_token(id.get<TokenId>());
    if (!spelled) return fail(ErrorKind::InvalidData, "a template asks for id " + id.dump() + ", which no token has", id.dump());
    tokens.push_back(*spelled);
    name += (name.empty() ? "" : " ") + *spelled;
  }
  special_tokens[name] = Json{{"id", name}, {"ids", piece["ids"]}, {"tokens", tokens}};
  inner["id"] = name;
  inner["type_id"] = type_id;
  outer["SpecialToken"] = std::move(inner);
  return outer;
}

Result<void> name_special_tokens(Json& processor, const Pipeline& pipeline) {
  if (!processor.is_object()) return {};
  if (processor.contains("processors") && processor["processors"].is_array()) {
    for (Json& part : processor["processors"]) HR_CHECK(name_special_tokens(part, pipeline));
  }
  if (!has_type(processor, "TemplateProcessing")) return {};
  if (!processor.contains("special_tokens")) processor["special_tokens"] = Json::object();
  for (const char* list : {"single", "pair"}) {
    if (!processor.contains(list) || !processor[list].is_array()) continue;
    for (Json& piece : processor[list]) {
      HR_TRY(piece, first_form_piece(piece, processor["special_tokens"], pipeline));
    }
  }
  return {};
}

}  // namespace

Result<std::string> first_form_pre_tokenizer(std::string_view json, std::string_view model) {
  if (!is_byte_level(model)) return std::string(json);
  Json parts = Json::array();
  if (!json.empty()) {
    HR_TRY(Json parsed, parse_component(json));
    parts.push_back(std::move(parsed));
  }
  parts.push_back(Json{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}});
  return component_text(Json{{"type", "Sequence"}, {"pretokenizers", std::move(parts)}});
}

Result<std::string> first_form_decoder(std::string_view json) {
  if (json.empty()) return std::string();
  HR_TRY(Json parsed, parse_component(json));
  add_byte_level_parameters(parsed);
  return component_text(parsed);
}

Result<std::string> first_form_post_processor(std::string_view json, const Pipeline& pipeline) {
  if (json.empty()) return std::string();
  HR_TRY(Json parsed, parse_component(json));
  HR_CHECK(name_special_tokens(parsed, pipeline));
  return component_text(parsed);
}

}  // namespace headrace::text
