#include "server/reply/form.h"

#include "server/reply/json_text.h"
#include "server/reply/logprobs.h"

namespace headrace::server {

void append_finish_reason(std::string& out, engine::FinishReason reason) {
  out.append("\"finish_reason\":");
  if (reason == engine::FinishReason::None) {
    out.append("null");
    return;
  }
  out.push_back('"');
  out.append(reason == engine::FinishReason::Length ? "length" : "stop");
  out.push_back('"');
}

namespace {

class ChatForm final : public Form {
 public:
  using Form::Form;
  std::string_view whole_object() const override { return "chat.completion"; }
  std::string_view stream_object() const override { return "chat.completion.chunk"; }

  bool append_opening(std::string& out, uint32_t index) const override {
    open(out, index);
    out.append(R"("delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null})");
    return true;
  }

  void append_piece(std::string& out, ChoiceOutput& choice) const override {
    open(out, choice.index);
    out.append("\"delta\":{");
    if (!choice.text.empty() || choice.finish == engine::FinishReason::None) {
      out.append("\"content\":");
      append_json_string(out, choice.text);
    }
    out.append("},");
    append_end(out, choice);
  }

  void append_choice(std::string& out, ChoiceOutput& choice) const override {
    open(out, choice.index);
    out.append(R"("message":{"role":"assistant","content":)");
    append_json_string(out, choice.text);
    out.append(R"(,"refusal":null},)");
    append_end(out, choice);
  }

 private:
  static void open(std::string& out, uint32_t index) {
    out.append("{\"index\":");
    append_json_number(out, index);
    out.push_back(',');
  }
  void append_end(std::string& out, const ChoiceOutput& choice) const {
    out.append("\"logprobs\":");
    if (logprobs_ && !choice.tokens.empty()) append_chat_logprobs(out, choice, *logprobs_);
    else out.append("null");
    out.push_back(',');
    append_finish_reason(out, choice.finish);
    out.push_back('}');
  }
};

class CompletionForm final : public Form {
 public:
  using Form::Form;
  std::string_view whole_object() const override { return "text_completion"; }
  std::string_view stream_object() const override { return "text_completion"; }

  void append_piece(std::string& out, ChoiceOutput& choice) const override { append_choice(out, choice); }
  void append_choice(std::string& out, ChoiceOutput& choice) const override {
    out.append("{\"text\":");
    append_json_string(out, choice.text);
    out.append(",\"index\":");
    append_json_number(out, choice.index);
    out.append(",\"logprobs\":");
    if (logprobs_ && !(choice.tokens.empty() && choice.prompt.empty())) append_completion_logprobs(out, choice, *logprobs_);
    else out.append("null");
    out.push_back(',');
    append_finish_reason(out, choice.finish);
    out.push_back('}');
  }
};

}  // namespace

std::unique_ptr<Form> chat_form(std::shared_ptr<const text::Tokenizer> logprobs) {
  return std::make_unique<ChatForm>(std::move(logprobs));
}
std::unique_ptr<Form> completion_form(std::shared_ptr<const text::Tokenizer> logprobs) {
  return std::make_unique<CompletionForm>(std::move(logprobs));
}

}  // namespace headrace::server
