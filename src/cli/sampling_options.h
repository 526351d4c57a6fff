#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/request.h"

namespace headrace::cli {

/// How an answer is picked and when it ends, as options of `generate` and `chat`.
struct SamplingOptions {
  SamplingOptions() {
    parameters.temperature = 0.7f;
    parameters.top_p = 0.95f;
  }

  model::SamplingParameters parameters;
  bool greedy = false;
  std::optional<uint64_t> seed;
  uint32_t max_tokens = 256;
  uint32_t min_tokens = 0;
  std::vector<std::string> stop;
  bool ignore_eos = false;
};

void add_sampling_options(CLI::App& command, SamplingOptions& options);
/// A request for `prompt` with these options.
engine::Request make_request(const SamplingOptions& options, std::vector<text::TokenId> prompt);

}  // namespace headrace::cli
