#pragma once

#include <functional>
#include <memory>

#include "server/api/json_body.h"
#include "server/routes/router.h"
#include "server/routes/service.h"

namespace headrace::server {

enum class WhileDraining : uint8_t { Refuse, Serve };

/// Takes a parsed body; answers now or later.
using JsonHandler = std::function<void(const std::shared_ptr<Service>&, const Json& body, net::Responder)>;

/// Adds a POST route whose body is a JSON object. Small bodies are handled on the io
/// thread; large ones on the process's pool, so that streams go on meanwhile.
void add_json_route(Router& router, std::shared_ptr<Service> service, std::string path, WhileDraining draining,
                    JsonHandler handler);

}  // namespace headrace::server
