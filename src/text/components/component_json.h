#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/components.h"

/// What the JSON forms of all components share.
namespace headrace::text {

using ComponentJson = nlohmann::ordered_json;

/// How deep parts may lie within parts; the reference's JSON reader has this limit.
inline constexpr size_t kComponentDepth = 128;

/// InvalidData for what is not JSON, or is nested too deeply.
Result<ComponentJson> parse_component(std::string_view json);
/// Compact, as the reference writes it; invalid UTF-8 is an error.
Result<std::string> component_text(const ComponentJson& json);

/// A member that must be there; "missing field `name`" otherwise.
Result<const ComponentJson*> required(const ComponentJson& object, const char* name);
/// The same with its type; "invalid type: …, expected …" otherwise.
Result<bool> required_bool(const ComponentJson& object, const char* name);
Result<std::string> required_string(const ComponentJson& object, const char* name);

/// "invalid type: integer `1`, expected a boolean"
std::unexpected<Error> invalid_type(const ComponentJson& value, const char* expected);

/// {"String": "…"} or {"Regex": "…"}
Result<PatternSpec> read_pattern(const ComponentJson& json);
ComponentJson write_pattern(const PatternSpec& pattern);

}  // namespace headrace::text
