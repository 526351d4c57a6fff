#include "text/components/component_json.h"

namespace headrace::text {
namespace {

std::string described(const ComponentJson& value) {
  switch (value.type()) {
    case ComponentJson::value_t::null: return "null";
    case ComponentJson::value_t::boolean: return "boolean `" + value.dump() + "`";
    case ComponentJson::value_t::number_integer:
    case ComponentJson::value_t::number_unsigned: return "integer `" + value.dump() + "`";
    case ComponentJson::value_t::number_float: return "floating point `" + value.dump() + "`";
    case ComponentJson::value_t::string: return "string " + value.dump(-1, ' ', false, ComponentJson::error_handler_t::replace);
    case ComponentJson::value_t::array: return "sequence";
    default: return "map";
  }
}

/// Refuses depth before a parser builds what is deep.
bool is_too_deep(std::string_view json) {
  size_t depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kComponentDepth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<ComponentJson> parse_component(std::string_view json) {
  if (is_too_deep(json)) return fail(ErrorKind::InvalidData, "recursion limit exceeded: the JSON is nested more than 128 deep");
  ComponentJson parsed = ComponentJson::parse(json.begin(), json.end(), nullptr, false);
  if (parsed.is_discarded()) return fail(ErrorKind::InvalidData, "the component is not valid JSON");
  return parsed;
}

Result<std::string> component_text(const ComponentJson& json) {
  try {
    return json.dump();
  } catch (const ComponentJson::exception& error) {
    return fail(ErrorKind::InvalidData, std::string("the component has no JSON form: ") + error.what());
  }
}

Result<const ComponentJson*> required(const ComponentJson& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return fail(ErrorKind::InvalidData, std::string("missing field `") + name + "`", name);
  return &*member;
}

std::unexpected<Error> invalid_type(const ComponentJson& value, const char* expected) {
  return fail(ErrorKind::InvalidData, "invalid type: " + described(value) + ", expected " + expected);
}

Result<bool> required_bool(const ComponentJson& object, const char* name) {
  HR_TRY(const ComponentJson* value, required(object, name));
  if (!value->is_boolean()) return invalid_type(*value, "a boolean");
  return value->get<bool>();
}

Result<std::string> required_string(const ComponentJson& object, const char* name) {
  HR_TRY(const ComponentJson* value, required(object, name));
  if (!value->is_string()) return invalid_type(*value, "a string");
  return value->get<std::string>();
}

Result<PatternSpec> read_pattern(const ComponentJson& json) {
  const auto unknown = [](const std::string& name) {
    return fail(ErrorKind::InvalidData, "unknown variant `" + name + "`, expected `String` or `Regex`", name);
  };
  if (json.is_string()) return unknown(json.get<std::string>());
  if (!json.is_object()) return invalid_type(json, "string or map");
  if (json.size() != 1) return fail(ErrorKind::InvalidData, "invalid value: map, expected map with a single key");
  const std::string& name = json.begin().key();
  const ComponentJson& text = *json.begin();
  if (name != "String" && name != "Regex") return unknown(name);
  if (!text.is_string()) return invalid_type(text, "a string");
  if (name == "Regex") return RegexPattern{text.get<std::string>()};
  return StringPattern{text.get<std::string>()};
}

ComponentJson write_pattern(const PatternSpec& pattern) {
  ComponentJson json = ComponentJson::object();
  if (const auto* literal = std::get_if<StringPattern>(&pattern)) {
    json["String"] = literal->text;
  } else {
    json["Regex"] = std::get<RegexPattern>(pattern).text;
  }
  return json;
}

}  // namespace headrace::text
