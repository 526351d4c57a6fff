#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "text/tokenizer.h"

namespace headrace::server {

/// What has come of one choice: all of it in a whole reply, the latest piece in a stream.
struct ChoiceOutput {
  uint32_t index = 0;
  std::string text;
  std::vector<engine::TokenOutput> tokens;
  std::vector<engine::TokenOutput> prompt;  ///< with echo: the prompt's tokens, before `tokens`
  engine::FinishReason finish = engine::FinishReason::None;
  uint32_t characters_before = 0;           ///< of the choice's text, in earlier pieces
};

/// How the answers of one endpoint are written as JSON.
class Form {
 public:
  /// `tokenizer` spells the tokens of logprobs; null: none were asked for.
  explicit Form(std::shared_ptr<const text::Tokenizer> logprobs) : logprobs_(std::move(logprobs)) {}
  virtual ~Form() = default;

  /// Tokens without text are news too.
  bool wants_tokens() const { return logprobs_ != nullptr; }
  virtual std::string_view whole_object() const = 0;   ///< "chat.completion"
  virtual std::string_view stream_object() const = 0;  ///< "chat.completion.chunk"
  /// The choice that begins a stream, if it has one of its own.
  virtual bool append_opening(std::string&, uint32_t) const { return false; }
  /// A choice within a chunk of a stream. Sets how many characters its logprobs cover.
  virtual void append_piece(std::string& out, ChoiceOutput& choice) const = 0;
  /// A choice of a whole reply.
  virtual void append_choice(std::string& out, ChoiceOutput& choice) const = 0;

 protected:
  const std::shared_ptr<const text::Tokenizer> logprobs_;
};

std::unique_ptr<Form> chat_form(std::shared_ptr<const text::Tokenizer> logprobs);
std::unique_ptr<Form> completion_form(std::shared_ptr<const text::Tokenizer> logprobs);

/// `"finish_reason":"stop"` or null.
void append_finish_reason(std::string& out, engine::FinishReason reason);

}  // namespace headrace::server
