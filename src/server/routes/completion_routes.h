#pragma once

#include <memory>

#include "server/routes/router.h"
#include "server/routes/service.h"

namespace headrace::server {

/// POST /v1/chat/completions and /v1/completions.
void add_completion_routes(Router& router, std::shared_ptr<Service> service);

}  // namespace headrace::server
