#pragma once

#include "server/api/generation_fields.h"

namespace headrace::server {

/// A conversation, as a chat template sees it.
struct ChatPrompt {
  Json variables;                       ///< "messages" and template arguments
  bool add_generation_prompt = true;
  bool continue_final_message = false;  ///< the answer goes on with the last message
  bool add_special_tokens = false;      ///< BOS beyond what the template writes
};

struct ChatRequest {
  GenerationRequest generation;
  ChatPrompt prompt;
};

/// Reads "messages" and how to render them.
void read_chat_prompt(Fields& fields, const Service& service, ChatPrompt& prompt);

/// Renders the conversation as the model's template does.
Api<std::string> render(const ChatPrompt& prompt, const Service& service);
/// Renders, then encodes. Special tokens written in messages count as such, as they do
/// in Hugging Face's tokenizers.
Api<std::vector<text::TokenId>> encode(const ChatPrompt& prompt, const Service& service);

/// Checks the body of POST /v1/chat/completions, its prompt rendered and encoded.
Api<ChatRequest> read_chat_request(const Json& body, const Service& service);

}  // namespace headrace::server
