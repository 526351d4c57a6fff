#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace headrace::text {

/// What a chat template sees besides the messages.
struct ChatContext {
  bool add_generation_prompt = true;
  std::string bos_token;
  std::string eos_token;
  /// Seconds since 1970 that strftime_now() formats (UTC); negative: now.
  int64_t now_seconds = -1;
  uint64_t limit_bytes = uint64_t{64} << 20;  ///< longest rendered text
  uint64_t limit_steps = 10'000'000;          ///< most statements and expressions evaluated
};

/// A Jinja template compiled for rendering chats: the subset that published
/// models use, in Hugging Face's dialect (trim_blocks and lstrip_blocks on, tojson
/// without HTML escapes, raise_exception, strftime_now, loop controls). Immutable;
/// shared by threads.
class ChatTemplate {
 public:
  /// Parses a template. InvalidData names the line.
  static Result<std::shared_ptr<const ChatTemplate>> compile(std::string source);
  ~ChatTemplate();

  /// Renders `variables` (an object: "messages", and any of "tools", "documents",
  /// template arguments). What the template raises itself is InvalidArgument with its
  /// message; every error names the line of the template.
  Result<std::string> render(const nlohmann::ordered_json& variables, const ChatContext& context = {}) const;

  const std::string& source() const;

 private:
  struct State;
  explicit ChatTemplate(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

}  // namespace headrace::text
