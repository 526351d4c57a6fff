#include "server/reply/logprobs.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "server/reply/json_text.h"

namespace headrace::server {

namespace {

/// A token as text; one that is part of a character only, as "bytes:\xe2\x82".
void append_token(std::string& out, std::string_view bytes) {
  if (is_valid_utf8(bytes)) return append_json_string(out, bytes);
  std::string spelled = "bytes:";
  for (const char c : bytes) fmt::format_to(std::back_inserter(spelled), "\\x{:02x}", static_cast<unsigned char>(c));
  append_json_string(out, spelled);
}

void append_bytes(std::string& out, std::string_view bytes) {
  out.push_back('[');
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_json_number(out, static_cast<unsigned char>(bytes[i]));
  }
  out.push_back(']');
}

void append_entry(std::string& out, text::TokenId id, float logprob, const text::Tokenizer& tokenizer) {
  const std::string bytes = tokenizer.token_bytes(id);
  out.append("{\"token\":");
  append_token(out, bytes);
  out.append(",\"logprob\":");
  append_json_logprob(out, logprob);
  out.append(",\"bytes\":");
  append_bytes(out, bytes);
}

template <class Items, class Append>
void append_list(std::string& out, const Items& first, const Items& second, Append&& append) {
  out.push_back('[');
  bool comma = false;
  for (const Items* items : {&first, &second}) {
    for (const auto& item : *items) {
      if (comma) out.push_back(',');
      comma = true;
      append(item);
    }
  }
  out.push_back(']');
}

/// {" a":-0.5,…}; null for the first prompt token, which nothing predicts.
void append_top_object(std::string& out, const engine::TokenOutput& token, const text::Tokenizer& tokenizer) {
  if (std::isnan(token.logprob)) {
    out.append("null");
    return;
  }
  out.push_back('{');
  for (size_t i = 0; i < token.top.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_token(out, tokenizer.token_bytes(token.top[i].id));
    out.push_back(':');
    append_json_logprob(out, token.top[i].logprob);
  }
  out.push_back('}');
}

}  // namespace

void append_chat_logprobs(std::string& out, const ChoiceOutput& choice, const text::Tokenizer& tokenizer) {
  out.append("{\"content\":");
  append_list(out, choice.prompt, choice.tokens, [&](const engine::TokenOutput& token) {
    append_entry(out, token.id, token.logprob, tokenizer);
    out.append(",\"top_logprobs\":[");
    for (size_t i = 0; i < token.top.size(); ++i) {
      if (i > 0) out.push_back(',');
      append_entry(out, token.top[i].id, token.top[i].logprob, tokenizer);
      out.push_back('}');
    }
    out.append("]}");
  });
  out.append(",\"refusal\":null}");
}

void append_completion_logprobs(std::string& out, ChoiceOutput& choice, const text::Tokenizer& tokenizer) {
  const auto list = [&](auto&& append) { append_list(out, choice.prompt, choice.tokens, append); };
  out.append("{\"tokens\":");
  list([&](const engine::TokenOutput& token) { append_token(out, tokenizer.token_bytes(token.id)); });
  out.append(",\"token_logprobs\":");
  list([&](const engine::TokenOutput& token) { append_json_logprob(out, token.logprob); });
  out.append(",\"top_logprobs\":");
  list([&](const engine::TokenOutput& token) { append_top_object(out, token, tokenizer); });
  out.append(",\"text_offset\":");
  list([&](const engine::TokenOutput& token) {
    append_json_number(out, choice.characters_before);
    if (tokenizer.kind(token.id) == text::TokenKind::Control) return;  // not part of the text
    choice.characters_before += count_characters(tokenizer.token_bytes(token.id));
  });
  out.push_back('}');
}

}  // namespace headrace::server
