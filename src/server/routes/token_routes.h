#pragma once

#include <memory>

#include "server/routes/router.h"
#include "server/routes/service.h"

namespace headrace::server {

/// POST /tokenize and /detokenize (vLLM's shapes), and /apply-template.
void add_token_routes(Router& router, std::shared_ptr<Service> service);

}  // namespace headrace::server
