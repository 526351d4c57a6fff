#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/loop/step_loop.h"
#include "engine/schedule/request_check.h"
#include "fake_model.h"

namespace headrace::engine {

/// What a request's sink has been told so far.
struct Heard {
  struct Choice {
    std::string text;
    std::vector<TokenOutput> tokens;
    std::vector<TokenOutput> prompt;
    FinishReason finish = FinishReason::None;
    std::string stop_text;
    std::vector<TokenId> ids() const;
  };
  std::map<uint32_t, Choice> choices;
  uint32_t events = 0;
  bool done = false;
  Usage usage;
  std::optional<Error> error;

  void hear(Event&& event);
  const std::string& text(uint32_t choice = 0) const { return choices.at(choice).text; }
  std::vector<TokenId> ids(uint32_t choice = 0) const { return choices.at(choice).ids(); }
  FinishReason finish(uint32_t choice = 0) const { return choices.at(choice).finish; }
};

/// The engine without its thread: a test takes the steps.
class TestLoop {
 public:
  explicit TestLoop(EngineOptions options = {}, uint32_t pages = 256, uint32_t context = 4096);

  std::shared_ptr<Heard> submit(Request request);
  std::shared_ptr<Heard> submit(Request request, uint64_t& id);
  /// Steps until nothing is left to do.
  void run();
  void steps(int count);
  /// Every page is free or cached, and the free list, the holders and the prefix cache agree.
  void expect_no_page_held() const;

  EngineOptions options;
  FakeModel model;
  Inbox inbox;
  std::unique_ptr<StepLoop> loop;
  uint32_t context;
};

/// A greedy request for `tokens` tokens.
Request greedy(std::vector<TokenId> prompt, uint32_t tokens);
/// `length` tokens that depend on `salt`.
std::vector<TokenId> some_prompt(uint32_t length, uint32_t salt = 0);

}  // namespace headrace::engine
