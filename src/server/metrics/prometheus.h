#pragma once

#include <string>

#include "net/http_server.h"
#include "server/routes/service.h"

namespace headrace::server {

/// The engine's figures under vLLM's metric names and types, so that its dashboards,
/// routers and autoscalers work, and the HTTP server's and process's under ours.
std::string prometheus_text(const Service& service, const net::HttpServerStats& http);

}  // namespace headrace::server
