#pragma once

#include "engine/request.h"
#include "server/api/fields.h"
#include "server/routes/service.h"

namespace headrace::server {

/// What chat and text completions have in common, after reading.
struct GenerationRequest {
  std::string model;
  bool stream = false;
  bool include_usage = false;       ///< a last chunk with the usage
  bool skip_generation = false;     ///< max_tokens 0: one token is generated and not shown
  engine::Request engine;           ///< without its prompt
};

/// The model's name: required, and one that is served (404 otherwise).
void read_model(Fields& fields, const Service& service, std::string& model);

/// Sampling, stops, penalties, limits, n, seed, streaming.
void read_generation(Fields& fields, const Service& service, GenerationRequest& request);

/// Checks that prompt and max_tokens fit the context and moves the prompt into
/// `request`. `field` is the prompt's name ("messages", "prompt").
Api<void> set_prompt(engine::Request& request, std::vector<text::TokenId> prompt, const char* field, const Service& service);

}  // namespace headrace::server
