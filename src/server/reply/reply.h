#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "server/api/api_error.h"
#include "server/reply/form.h"

namespace headrace::server {

/// What an answer says of itself, and how it is put together.
struct ReplyHead {
  std::string id;
  std::string model;
  std::string fingerprint;
  int64_t created = 0;
  uint32_t prompts = 1;
  uint32_t choices_per_prompt = 1;
  bool include_usage = false;       ///< streams: a last chunk with the usage
  bool skip_generation = false;     ///< tokens that were generated are not shown
  std::vector<std::string> echoes;  ///< text put before each prompt's choices; empty: none
};

/// Turns the events of one client's request into an HTTP answer. `accepted` and `fail`
/// come from the thread that submits, `event` from the engine's, one at a time.
class Reply {
 public:
  virtual ~Reply() = default;
  /// The engine has taken every prompt.
  virtual void accepted() {}
  /// False: nobody listens any more.
  virtual bool event(uint32_t prompt, engine::Event&& event) = 0;
  virtual void fail(const ApiError& error) = 0;
};

std::unique_ptr<Reply> stream_reply(net::Responder responder, ReplyHead head, std::unique_ptr<Form> form);
std::unique_ptr<Reply> whole_reply(net::Responder responder, ReplyHead head, std::unique_ptr<Form> form);

/// Appends `{"id":…,"object":…,"created":…,"model":…,"system_fingerprint":…`.
void append_reply_head(std::string& out, const ReplyHead& head, std::string_view object);
/// Appends `"usage":{…}`.
void append_usage(std::string& out, const engine::Usage& usage);
/// Adds one prompt's usage to the whole request's.
void add_usage(engine::Usage& total, const engine::Usage& usage, bool skip_generation);
/// What a client hears when the engine gave up on its request.
ApiError engine_failure(const engine::Event& event);

}  // namespace headrace::server
