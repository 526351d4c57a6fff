#pragma once

#include <string>

#include "server/reply/form.h"

namespace headrace::server {

/// The logprobs object of chats: {"content":[{"token","logprob","bytes","top_logprobs":[…]}],"refusal":null}.
void append_chat_logprobs(std::string& out, const ChoiceOutput& choice, const text::Tokenizer& tokenizer);

/// That of text completions: {"tokens","token_logprobs","top_logprobs","text_offset"},
/// echoed prompt tokens first. Advances `choice.characters_before`.
void append_completion_logprobs(std::string& out, ChoiceOutput& choice, const text::Tokenizer& tokenizer);

}  // namespace headrace::server
