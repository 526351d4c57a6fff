// The JSON forms of the post-processors. As in the reference, a form is tried against each
// kind in turn; some of them are told by their fields alone, whatever "type" says, and may
// be a list of the fields.
#include <initializer_list>
#include <limits>

#include "text/components/component_json.h"

namespace headrace::text {
namespace {

using Json = ComponentJson;

std::unexpected<Error> no_match() {
  return fail(ErrorKind::InvalidData, "data did not match any variant of untagged enum PostProcessorWrapper");
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

Result<uint32_t> number(const Json& value) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > std::numeric_limits<uint32_t>::max()) return invalid_type(value, "u32");
  return value.get<uint32_t>();
}

Result<TokenAndId> required_token(const Json& json, const char* name) {
  HR_TRY(const Json* pair, required(json, name));
  if (!pair->is_array() || pair->size() != 2 || !(*pair)[0].is_string()) return invalid_type(*pair, "a tuple of size 2");
  HR_TRY(const uint32_t id, number((*pair)[1]));
  return TokenAndId{(*pair)[0].get<std::string>(), id};
}

Result<PostProcessorSpec> read_roberta(const Json& json) {
  const auto object = fields(json, {"sep", "cls", "trim_offsets", "add_prefix_space"});
  if (!object) return no_match();
  RobertaProcessing roberta;
  HR_TRY(roberta.sep, required_token(*object, "sep"));
  HR_TRY(roberta.cls, required_token(*object, "cls"));
  HR_TRY(roberta.trim_offsets, required_bool(*object, "trim_offsets"));
  HR_TRY(roberta.add_prefix_space, required_bool(*object, "add_prefix_space"));
  return PostProcessorSpec{std::move(roberta)};
}

Result<PostProcessorSpec> read_bert(const Json& json) {
  const auto object = fields(json, {"sep", "cls"});
  if (!object) return no_match();
  BertProcessing bert;
  HR_TRY(bert.sep, required_token(*object, "sep"));
  HR_TRY(bert.cls, required_token(*object, "cls"));
  return PostProcessorSpec{std::move(bert)};
}

bool has_type(const Json& json, std::string_view type) {
  if (!json.is_object()) return false;
  const auto member = json.find("type");
  return member != json.end() && member->is_string() && member->get_ref<const std::string&>() == type;
}

Result<PostProcessorSpec> read_byte_level(const Json& json) {
  if (!has_type(json, "ByteLevel")) return no_match();
  ByteLevelProcessing byte_level;
  HR_TRY(byte_level.add_prefix_space, required_bool(json, "add_prefix_space"));
  HR_TRY(byte_level.trim_offsets, required_bool(json, "trim_offsets"));
  if (json.contains("use_regex")) {
    HR_TRY(byte_level.use_regex, required_bool(json, "use_regex"));
  }
  return PostProcessorSpec{byte_level};
}

Result<TemplatePiece> read_piece(const Json& json) {
  if (!json.is_object() || json.size() != 1) return no_match();
  const std::string& kind = json.begin().key();
  if (kind != "Sequence" && kind != "SpecialToken") return no_match();
  const auto object = fields(*json.begin(), {"id", "type_id"});
  if (!object) return no_match();
  TemplatePiece piece;
  piece.is_sequence = kind == "Sequence";
  HR_TRY(piece.id, required_string(*object, "id"));
  if (piece.is_sequence && piece.id != "A" && piece.id != "B") return no_match();
  HR_TRY(const Json* type_id, required(*object, "type_id"));
  HR_TRY(piece.type_id, number(*type_id));
  return piece;
}

Result<std::vector<TemplatePiece>> required_pieces(const Json& json, const char* name) {
  HR_TRY(const Json* list, required(json, name));
  if (!list->is_array()) return invalid_type(*list, "a sequence");
  std::vector<TemplatePiece> pieces;
  for (const Json& item : *list) {
    HR_TRY(auto piece, read_piece(item));
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

Result<TemplateSpecialToken> read_special_token(const Json& json) {
  const auto object = fields(json, {"id", "ids", "tokens"});
  if (!object) return no_match();
  TemplateSpecialToken token;
  HR_TRY(token.id, required_string(*object, "id"));
  HR_TRY(const Json* ids, required(*object, "ids"));
  HR_TRY(const Json* tokens, required(*object, "tokens"));
  if (!ids->is_array() || !tokens->is_array()) return no_match();
  for (const Json& id : *ids) {
    HR_TRY(const uint32_t value, number(id));
    token.ids.push_back(value);
  }
  for (const Json& spelled : *tokens) {
    if (!spelled.is_string()) return invalid_type(spelled, "a string");
    token.tokens.push_back(spelled.get<std::string>());
  }
  return token;
}

Result<PostProcessorSpec> read_template(const Json& json) {
  const auto object = fields(json, {"single", "pair", "special_tokens"});
  if (!object) return no_match();
  TemplateProcessing processing;
  HR_TRY(processing.single, required_pieces(*object, "single"));
  HR_TRY(processing.pair, required_pieces(*object, "pair"));
  HR_TRY(const Json* tokens, required(*object, "special_tokens"));
  if (!tokens->is_object()) return invalid_type(*tokens, "a map");
  for (const auto& [name, value] : tokens->items()) {
    HR_TRY(processing.special_tokens[name], read_special_token(value));
  }
  return PostProcessorSpec{std::move(processing)};
}

Result<PostProcessorSpec> read(const Json& json);

Result<PostProcessorSpec> read_sequence(const Json& json) {
  if (!has_type(json, "Sequence")) return no_match();
  HR_TRY(const Json* parts, required(json, "processors"));
  if (!parts->is_array()) return invalid_type(*parts, "a sequence");
  PostProcessorSequence sequence;
  for (const Json& part : *parts) {
    HR_TRY(auto spec, read(part));
    sequence.parts.push_back(std::make_shared<Live<PostProcessorSpec>>(std::move(spec)));
  }
  return PostProcessorSpec{std::move(sequence)};
}

Result<PostProcessorSpec> read(const Json& json) {
  // Roberta has Bert's fields and more, so it comes first.
  for (const auto& kind : {read_roberta, read_bert, read_byte_level, read_template, read_sequence}) {
    if (auto spec = kind(json)) return spec;
  }
  return no_match();
}

Json typed(const char* type) { return Json{{"type", type}}; }

Json written(const TokenAndId& token) { return Json::array({token.first, token.second}); }

Json written(const std::vector<TemplatePiece>& pieces) {
  Json list = Json::array();
  for (const TemplatePiece& piece : pieces) {
    Json inner = Json::object();
    inner["id"] = piece.id;
    inner["type_id"] = piece.type_id;
    Json outer = Json::object();
    outer[piece.is_sequence ? "Sequence" : "SpecialToken"] = std::move(inner);
    list.push_back(std::move(outer));
  }
  return list;
}

Result<Json> write(const PostProcessorSpec& spec);

struct Writer {
  Result<Json> operator()(const BertProcessing& spec) const {
    Json json = typed("BertProcessing");
    json["sep"] = written(spec.sep);
    json["cls"] = written(spec.cls);
    return json;
  }
  Result<Json> operator()(const RobertaProcessing& spec) const {
    Json json = typed("RobertaProcessing");
    json["sep"] = written(spec.sep);
    json["cls"] = written(spec.cls);
    json["trim_offsets"] = spec.trim_offsets;
    json["add_prefix_space"] = spec.add_prefix_space;
    return json;
  }
  Result<Json> operator()(const ByteLevelProcessing& spec) const {
    Json json = typed("ByteLevel");
    json["add_prefix_space"] = spec.add_prefix_space;
    json["trim_offsets"] = spec.trim_offsets;
    json["use_regex"] = spec.use_regex;
    return json;
  }
  Result<Json> operator()(const TemplateProcessing& spec) const {
    Json json = typed("TemplateProcessing");
    json["single"] = written(spec.single);
    json["pair"] = written(spec.pair);
    Json& tokens = json["special_tokens"] = Json::object();
    for (const auto& [name, token] : spec.special_tokens) {
      Json& item = tokens[name] = Json::object();
      item["id"] = token.id;
      item["ids"] = token.ids;
      item["tokens"] = token.tokens;
    }
    return json;
  }
  Result<Json> operator()(const PostProcessorSequence& spec) const {
    Json json = typed("Sequence");
    Json& parts = json["processors"] = Json::array();
    for (const auto& part : spec.parts) {
      if (!part) continue;
      HR_TRY(Json item, write(part->get()));
      parts.push_back(std::move(item));
    }
    return json;
  }
  Result<Json> operator()(const CustomPostProcessor&) const {
    return fail(ErrorKind::Unsupported, "Custom PostProcessor cannot be serialized");
  }
};

Result<Json> write(const PostProcessorSpec& spec) { return std::visit(Writer{}, spec.value); }

}  // namespace

template <>
Result<PostProcessorSpec> read_component<PostProcessorSpec>(std::string_view json) {
  HR_TRY(const Json parsed, parse_component(json));
  return read(parsed);
}

template <>
Result<std::string> write_component<PostProcessorSpec>(const PostProcessorSpec& spec) {
  HR_TRY(const Json json, write(spec));
  return component_text(json);
}

}  // namespace headrace::text
