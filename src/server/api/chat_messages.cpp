#include "server/api/chat_messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/api/fields.h"

namespace headrace::server {

namespace {

constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};

/// The text of a list of content parts.
std::string join_parts(Fields& fields, const Json& parts) {
  std::string text;
  for (const Json& part : parts) {
    const bool object = part.is_object() && part.contains("type") && part["type"].is_string();
    if (!object) {
      fields.reject("content", "Invalid 'content': each part must be an object with a 'type'.", "invalid_type");
      return {};
    }
    const std::string type = part["type"];
    if (type != "text") {
      fields.reject("content", fmt::format("Content parts of type '{}' are not supported yet by this server; only 'text' is.", type),
                    "unsupported_content_part");
      return {};
    }
    if (!part.contains("text") || !part["text"].is_string()) {
      fields.reject("content", "Invalid 'content': a part of type 'text' must have a string 'text'.", "invalid_type");
      return {};
    }
    if (&part != &parts.front()) text += '\n';
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

void read_content(Fields& fields, const std::string& role, Json& message) {
  const Json* content = fields.any("content");
  const bool calls = fields.any("tool_calls") != nullptr;
  if (!content) {
    if (role == "assistant" && calls) message["content"] = nullptr;
    else fields.missing("content");
  } else if (content->is_string()) {
    message["content"] = *content;
  } else if (content->is_array()) {
    message["content"] = join_parts(fields, *content);
  } else {
    fields.reject("content", fmt::format("Invalid type for 'content': expected a string or an array of parts, but got {} instead.",
                                         describe(*content)), "invalid_type");
  }
}

/// Templates print arguments with tojson, so they must not be a string of JSON already.
Json with_parsed_arguments(Fields& fields, const Json& call) {
  Json out = call;
  if (!call.is_object() || !call.contains("function") || !call["function"].is_object()) {
    fields.reject("tool_calls", "Invalid 'tool_calls': each call must have a 'function'.", "invalid_type");
    return out;
  }
  Json& function = out["function"];
  if (!function.contains("arguments") || !function["arguments"].is_string()) return out;
  auto arguments = parse_body(function["arguments"].get_ref<const std::string&>());
  if (arguments) function["arguments"] = std::move(*arguments);
  else fields.reject("tool_calls", "Invalid 'tool_calls': the arguments of a call must be a JSON object.");
  return out;
}

void read_tool_fields(Fields& fields, Json& message) {
  if (const auto id = fields.text("tool_call_id")) message["tool_call_id"] = *id;
  const Json* calls = fields.array("tool_calls");
  if (!calls || calls->empty()) return;
  Json list = Json::array();
  for (const Json& call : *calls) list.push_back(with_parsed_arguments(fields, call));
  message["tool_calls"] = std::move(list);
}

Api<Json> normalize(const Json& source, size_t index, std::string_view developer_role) {
  const std::string path = fmt::format("messages[{}].", index);
  if (!source.is_object()) {
    return refuse(400, fmt::format("Invalid type for 'messages[{}]': expected an object, but got {} instead.", index, describe(source)),
                  fmt::format("messages[{}]", index), "invalid_type");
  }
  Fields fields(source, path);
  Json message;
  const std::string role = fields.text("role").value_or("");
  if (!fields.has("role")) fields.missing("role");
  if (std::ranges::find(kRoles, role) == std::end(kRoles)) {
    fields.reject("role", fmt::format("Invalid value: '{}'. Supported values are: 'system', 'developer', 'user', 'assistant', and 'tool'.", role));
  }
  message["role"] = role == "developer" ? std::string(developer_role) : role;
  read_content(fields, role, message);
  if (const auto name = fields.text("name")) message["name"] = *name;
  if (const auto reasoning = fields.text("reasoning_content")) message["reasoning_content"] = *reasoning;
  read_tool_fields(fields, message);
  fields.accept({"refusal"});
  fields.not_supported({"audio", "function_call", "annotations"});  // clients echo them empty
  if (auto error = fields.error()) return std::unexpected(std::move(*error));
  return message;
}

}  // namespace

Api<Json> normalize_messages(const Json& messages, std::string_view developer_role) {
  if (messages.empty()) {
    return refuse(400, "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
                  "messages", "empty_array");
  }
  Json out = Json::array();
  for (size_t i = 0; i < messages.size(); ++i) {
    auto message = normalize(messages[i], i, developer_role);
    if (!message) return message;
    out.push_back(std::move(*message));
  }
  return out;
}

}  // namespace headrace::server
