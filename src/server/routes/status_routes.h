#pragma once

#include <functional>
#include <memory>

#include "server/routes/router.h"
#include "server/routes/service.h"

namespace headrace::server {

/// GET /v1/models, /health, /ready, /version, /metrics and the chat page.
/// `http_stats` tells what the HTTP server counts.
void add_status_routes(Router& router, std::shared_ptr<Service> service, std::function<net::HttpServerStats()> http_stats);

}  // namespace headrace::server
