#pragma once

#include <expected>
#include <optional>
#include <string>

#include "base/error.h"
#include "net/http_server.h"

namespace headrace::server {

/// A refusal in the shape that OpenAI clients understand:
/// {"error":{"message","type","param","code"}} with an HTTP status.
struct ApiError {
  int status = 400;
  std::string message;
  std::string type = "invalid_request_error";
  std::optional<std::string> param;
  std::optional<std::string> code;
  std::optional<int> retry_after_seconds;
};

template <class T>
using Api = std::expected<T, ApiError>;

/// The error side of an Api.
std::unexpected<ApiError> refuse(int status, std::string message, std::optional<std::string> param = {},
                                 std::optional<std::string> code = {});

/// What an engine's or a template's error means to a client.
ApiError from_error(const Error& error);

/// {"error":{…}}
std::string to_json(const ApiError& error);
net::HttpResponse to_response(const ApiError& error);

}  // namespace headrace::server
