#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "server/api/api_error.h"

namespace headrace::server {

/// Objects keep the order in which the client wrote them: chat templates show it.
using Json = nlohmann::ordered_json;

/// What a body may cost to parse.
struct JsonLimits {
  uint32_t depth = 64;                     ///< of nested arrays and objects
  uint32_t values = 1'000'000;             ///< of the whole document, about
  uint32_t keys = 1024;                    ///< of one object (looked up one after the other)
};

/// Checks the limits in one pass before anything is built, then parses. The body must
/// be an object.
Api<Json> parse_body(std::string_view body, const JsonLimits& limits = {});

}  // namespace headrace::server
