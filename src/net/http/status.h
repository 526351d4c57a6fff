#pragma once

namespace headrace::net {

/// The words after a status code, "Not Found" for 404.
constexpr const char* reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

/// A sentence for a request that was refused before any handler saw it.
constexpr const char* refusal(int status) {
  switch (status) {
    case 408: return "The request did not arrive in time.";
    case 413: return "The request body is larger than this server accepts.";
    case 417: return "The expectation of the Expect header cannot be met.";
    case 431: return "The request headers are larger than this server accepts.";
    case 503: return "The server has too many connections; try again later.";
    default: return "The request is not valid HTTP.";
  }
}

}  // namespace headrace::net
