#include <atomic>

#include "server/reply/json_text.h"
#include "server/reply/reply.h"

namespace headrace::server {

namespace {

/// Server-sent events: a chunk for each piece of a choice, then the usage if asked for,
/// then [DONE].
class StreamReply final : public Reply {
 public:
  StreamReply(net::Responder responder, ReplyHead head, std::unique_ptr<Form> form)
      : responder_(std::move(responder)), head_(std::move(head)), form_(std::move(form)), unfinished_(head_.prompts) {
    choices_.resize(size_t{head_.prompts} * head_.choices_per_prompt);
    chunk_start_.append("data: ");
    append_reply_head(chunk_start_, head_, form_->stream_object());
    chunk_start_.append(",\"choices\":[");
  }

  void accepted() override { begin(); }

  bool event(uint32_t prompt, engine::Event&& event) override {
    begin();
    chunks_.clear();
    if (failed_) return false;
    if (event.finish == engine::FinishReason::Failed || event.finish == engine::FinishReason::Cancelled) {
      fail(engine_failure(event));
      return false;
    }
    append_event(prompt, event);
    if (event.done) {
      add_usage(usage_, event.usage, head_.skip_generation);
      if (--unfinished_ == 0) append_ending();
    }
    const bool listening = chunks_.empty() ? !responder_.closed() : responder_.write(chunks_);
    if (unfinished_ == 0) responder_.finish();
    return listening;
  }

  void fail(const ApiError& error) override {
    bool began = true;
    std::call_once(began_, [&] {
      began = false;
      responder_.respond(to_response(error));
    });
    failed_ = true;
    if (!began) return;
    responder_.write("data: " + to_json(error) + "\n\ndata: [DONE]\n\n");
    responder_.finish();
  }

 private:
  struct Progress {
    bool opened = false;  // its echo was sent
    uint32_t characters = 0;
  };

  /// Whoever comes first, the submitting thread or the engine's, sends the head.
  void begin() {
    std::call_once(began_, [&] {
      responder_.begin(200, "text/event-stream", {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}});
      std::string openings;
      for (uint32_t i = 0; i < choices_.size(); ++i) {
        const size_t before = openings.size();
        openings.append(chunk_start_);
        if (form_->append_opening(openings, i)) close_chunk(openings);
        else openings.resize(before);
      }
      responder_.write(openings);
    });
  }

  void append_event(uint32_t prompt, engine::Event& event) {
    piece_.index = prompt * head_.choices_per_prompt + event.choice;
    Progress& progress = choices_[piece_.index];
    piece_.text.clear();
    piece_.prompt.clear();
    if (!progress.opened && !head_.echoes.empty()) {
      piece_.text = head_.echoes[prompt];
      if (event.choice == 0) prompt_outputs_ = std::move(event.prompt);
      piece_.prompt = prompt_outputs_;
    }
    progress.opened = true;
    if (head_.skip_generation) {
      piece_.tokens.clear();
      if (event.finish != engine::FinishReason::None) event.finish = engine::FinishReason::Length;
    } else {
      piece_.text.append(event.text);
      piece_.tokens.swap(event.tokens);
    }
    piece_.finish = event.finish;
    piece_.characters_before = progress.characters;
    append_chunks(piece_.finish);
    progress.characters = piece_.characters_before;
  }

  /// The reason of the end comes in a chunk of its own, after the last text, as OpenAI
  /// sends it.
  void append_chunks(engine::FinishReason finish) {
    const bool news = !piece_.text.empty() || (form_->wants_tokens() && !(piece_.tokens.empty() && piece_.prompt.empty()));
    if (news) {
      piece_.finish = engine::FinishReason::None;
      append_chunk();
    }
    if (finish == engine::FinishReason::None) return;
    piece_.text.clear();
    piece_.tokens.clear();
    piece_.prompt.clear();
    piece_.finish = finish;
    append_chunk();
  }

  void append_chunk() {
    chunks_.append(chunk_start_);
    form_->append_piece(chunks_, piece_);
    close_chunk(chunks_);
  }

  void close_chunk(std::string& out) const { out.append(head_.include_usage ? "],\"usage\":null}\n\n" : "]}\n\n"); }

  void append_ending() {
    if (head_.include_usage) {
      chunks_.append(chunk_start_);
      chunks_.append("],");
      append_usage(chunks_, usage_);
      chunks_.append("}\n\n");
    }
    chunks_.append("data: [DONE]\n\n");
  }

  net::Responder responder_;
  const ReplyHead head_;
  const std::unique_ptr<Form> form_;
  std::once_flag began_;
  std::atomic<bool> failed_{false};  // by the submitting thread, perhaps
  uint32_t unfinished_;
  std::vector<Progress> choices_;
  std::vector<engine::TokenOutput> prompt_outputs_;
  engine::Usage usage_;
  std::string chunk_start_;
  std::string chunks_;   // kept for their memory
  ChoiceOutput piece_;
};

}  // namespace

std::unique_ptr<Reply> stream_reply(net::Responder responder, ReplyHead head, std::unique_ptr<Form> form) {
  return std::make_unique<StreamReply>(std::move(responder), std::move(head), std::move(form));
}

}  // namespace headrace::server
