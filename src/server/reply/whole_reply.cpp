#include <iterator>

#include "server/reply/json_text.h"
#include "server/reply/reply.h"

namespace headrace::server {

namespace {

/// One JSON document when everything is there.
class WholeReply final : public Reply {
 public:
  WholeReply(net::Responder responder, ReplyHead head, std::unique_ptr<Form> form)
      : responder_(std::move(responder)), head_(std::move(head)), form_(std::move(form)), unfinished_(head_.prompts) {
    choices_.resize(size_t{head_.prompts} * head_.choices_per_prompt);
    for (uint32_t i = 0; i < choices_.size(); ++i) {
      choices_[i].index = i;
      if (!head_.echoes.empty()) choices_[i].text = head_.echoes[i / head_.choices_per_prompt];
    }
  }

  bool event(uint32_t prompt, engine::Event&& event) override {
    if (event.finish == engine::FinishReason::Failed || event.finish == engine::FinishReason::Cancelled) {
      fail(engine_failure(event));
      return false;
    }
    take(prompt, event);
    if (event.done) {
      add_usage(usage_, event.usage, head_.skip_generation);
      if (--unfinished_ == 0) respond();
    }
    return true;
  }

  void fail(const ApiError& error) override { responder_.respond(to_response(error)); }

 private:
  void take(uint32_t prompt, engine::Event& event) {
    const uint32_t first = prompt * head_.choices_per_prompt;
    ChoiceOutput& choice = choices_[first + event.choice];
    if (!event.prompt.empty()) {
      for (uint32_t i = 1; i < head_.choices_per_prompt; ++i) choices_[first + i].prompt = event.prompt;
      choices_[first].prompt = std::move(event.prompt);
    }
    choice.finish = event.finish;
    if (head_.skip_generation) {
      choice.finish = engine::FinishReason::Length;
      return;
    }
    choice.text.append(event.text);
    if (!form_->wants_tokens()) return;
    choice.tokens.insert(choice.tokens.end(), std::make_move_iterator(event.tokens.begin()),
                         std::make_move_iterator(event.tokens.end()));
  }

  void respond() {
    net::HttpResponse response;
    append_reply_head(response.body, head_, form_->whole_object());
    response.body.append(",\"choices\":[");
    for (ChoiceOutput& choice : choices_) {
      if (choice.index > 0) response.body.push_back(',');
      form_->append_choice(response.body, choice);
    }
    response.body.append("],");
    append_usage(response.body, usage_);
    response.body.push_back('}');
    responder_.respond(std::move(response));
  }

  net::Responder responder_;
  const ReplyHead head_;
  const std::unique_ptr<Form> form_;
  uint32_t unfinished_;
  std::vector<ChoiceOutput> choices_;
  engine::Usage usage_;
};

}  // namespace

std::unique_ptr<Reply> whole_reply(net::Responder responder, ReplyHead head, std::unique_ptr<Form> form) {
  return std::make_unique<WholeReply>(std::move(responder), std::move(head), std::move(form));
}

}  // namespace headrace::server
