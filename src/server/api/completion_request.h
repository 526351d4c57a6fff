#pragma once

#include "server/api/generation_fields.h"

namespace headrace::server {

struct CompletionRequest {
  GenerationRequest generation;
  std::vector<std::vector<text::TokenId>> prompts;  ///< one engine request each
  bool echo = false;
};

/// Checks the body of POST /v1/completions, its prompts encoded.
Api<CompletionRequest> read_completion_request(const Json& body, const Service& service);

}  // namespace headrace::server
