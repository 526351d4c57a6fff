#include "server/api/api_error.h"

#include <nlohmann/json.hpp>

namespace headrace::server {

std::unexpected<ApiError> refuse(int status, std::string message, std::optional<std::string> param,
                                 std::optional<std::string> code) {
  ApiError error;
  error.status = status;
  error.message = std::move(message);
  error.param = std::move(param);
  error.code = std::move(code);
  return std::unexpected(std::move(error));
}

ApiError from_error(const Error& error) {
  ApiError out;
  out.message = error.message;
  switch (error.kind) {
    case ErrorKind::InvalidArgument:
    case ErrorKind::InvalidData:
    case ErrorKind::Unsupported:
    case ErrorKind::NotFound:
      break;
    case ErrorKind::OutOfRange:
      out.code = "context_length_exceeded";
      break;
    case ErrorKind::Busy:
      out.status = 429;
      out.type = "rate_limit_error";
      out.code = "queue_full";
      out.retry_after_seconds = 1;
      break;
    case ErrorKind::OutOfMemory:
    case ErrorKind::Cancelled:
      out.status = 503;
      out.type = "server_error";
      out.retry_after_seconds = 1;
      break;
    case ErrorKind::Io:
    case ErrorKind::Internal:
      out.status = 500;
      out.type = "server_error";
      break;
  }
  return out;
}

std::string to_json(const ApiError& error) {
  const auto or_null = [](const std::optional<std::string>& text) {
    return text ? nlohmann::ordered_json(*text) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json inner;
  inner["message"] = error.message;
  inner["type"] = error.type;
  inner["param"] = or_null(error.param);
  inner["code"] = or_null(error.code);
  nlohmann::ordered_json outer;
  outer["error"] = std::move(inner);
  // Messages may quote what a client sent.
  return outer.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

net::HttpResponse to_response(const ApiError& error) {
  net::HttpResponse response;
  response.status = error.status;
  response.body = to_json(error);
  if (error.retry_after_seconds) {
    response.headers.push_back({"Retry-After", std::to_string(*error.retry_after_seconds)});
  }
  return response;
}

}  // namespace headrace::server
