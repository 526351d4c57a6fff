#pragma once

#include <atomic>
#include <ctime>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "net/http_server.h"
#include "server/server.h"

namespace headrace::server {

/// What every route needs: the engine, what it is called, and the limits.
struct Service {
  std::shared_ptr<engine::Engine> engine;
  ServerOptions options;
  std::string model_id;
  std::string fingerprint;                  ///< of model and version: "fp_…"
  std::time_t created = std::time(nullptr);
  std::atomic<bool> draining{false};
  std::atomic<uint32_t> large_bodies{0};    ///< being worked on away from the io thread

  const text::Tokenizer& tokenizer() const { return *engine->model()->tokenizer(); }
  /// Whether a request may call the model by this name.
  bool answers_to(std::string_view name) const;
};

/// A name that no other request has had: "chatcmpl-" and 24 hexadecimal digits.
std::string unique_id(std::string_view prefix);

/// The version that /version tells.
std::string_view version();

}  // namespace headrace::server
