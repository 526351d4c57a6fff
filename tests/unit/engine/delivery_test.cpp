#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_loop.h"

namespace headrace::engine {
namespace {

/// An engine whose model says `script`, whatever the prompt.
class Scripted : public TestLoop {
 public:
  explicit Scripted(std::vector<TokenId> script) {
    model.backend().next = [script](std::span<const TokenId>, const model::SampleInput& input) -> TokenId {
      const uint32_t at = input.position - 1;
      return at < script.size() ? script[at] : TokenId{'.'};
    };
  }
  /// A one-token prompt, so that the script begins at position 1.
  std::shared_ptr<Heard> ask(Request request) {
    request.prompt = {kStart};
    if (request.max_tokens == 0) request.max_tokens = 40;
    auto heard = submit(std::move(request));
    run();
    expect_no_page_held();
    return heard;
  }
};

std::vector<TokenId> script(std::string_view text, std::vector<TokenId> then = {}) {
  auto ids = bytes_of(text);
  ids.insert(ids.end(), then.begin(), then.end());
  return ids;
}

TEST(Delivery, ends_at_the_end_of_generation) {
  Scripted engine(script("done", {kEnd}));
  const auto heard = engine.ask({});
  EXPECT_EQ(heard->text(), "done");
  EXPECT_EQ(heard->finish(), FinishReason::Stop);
  EXPECT_EQ(heard->ids(), script("done", {kEnd})) << "the last id is reported, without text";
  EXPECT_EQ(heard->usage.completion_tokens, 5u);
  EXPECT_EQ(heard->choices.at(0).stop_text, "");
}

TEST(Delivery, goes_on_after_the_end_when_told_to_ignore_it) {
  Scripted engine(script("ab", {kEnd, 'c', 'd'}));
  Request request;
  request.ignore_eos = true;
  request.max_tokens = 5;
  const auto heard = engine.ask(request);
  EXPECT_EQ(heard->text(), "abcd");
  EXPECT_EQ(heard->finish(), FinishReason::Length);
}

TEST(Delivery, writes_control_tokens_only_when_asked_to) {
  Scripted engine(script("a", {kStart, 'b', kEnd}));
  EXPECT_EQ(engine.ask({})->text(), "ab");
  Request request;
  request.skip_special = false;
  EXPECT_EQ(engine.ask(request)->text(), "a<|start|>b");
}

TEST(Delivery, ends_at_a_stop_token) {
  Scripted engine(script("one;two"));
  Request request;
  request.stop_tokens = {';'};
  const auto heard = engine.ask(request);
  EXPECT_EQ(heard->text(), "one");
  EXPECT_EQ(heard->finish(), FinishReason::Stop);
}

TEST(Delivery, ends_at_a_stop_text_that_spans_tokens) {
  Scripted engine(script("the END of it"));
  Request request;
  request.stop = {"of", "END"};
  const auto heard = engine.ask(request);
  EXPECT_EQ(heard->text(), "the ");
  EXPECT_EQ(heard->finish(), FinishReason::Stop);
  EXPECT_EQ(heard->choices.at(0).stop_text, "END");
  EXPECT_EQ(heard->ids(), script("the END"));
  request.include_stop = true;
  EXPECT_EQ(engine.ask(request)->text(), "the END");
}

TEST(Delivery, holds_back_the_beginning_of_a_stop_text) {
  Scripted engine(script("an EN, an END"));
  Request request;
  request.prompt = {kStart};
  request.max_tokens = 40;
  request.stop = {"END"};
  const auto heard = engine.submit(request);
  const std::vector<std::string> heard_so_far{"a", "an", "an ", "an ", "an ", "an EN,", "an EN, "};
  for (const std::string& expected : heard_so_far) {
    engine.steps(1);
    EXPECT_EQ(heard->text(), expected);
  }
  engine.run();
  EXPECT_EQ(heard->text(), "an EN, an ");
}

TEST(Delivery, gives_back_what_was_held_when_no_stop_text_came) {
  Scripted engine(script("an EN", {kEnd}));
  Request request;
  request.stop = {"END"};
  EXPECT_EQ(engine.ask(request)->text(), "an EN");
  request.max_tokens = 4;
  const auto heard = engine.ask(request);
  EXPECT_EQ(heard->text(), "an E");
  EXPECT_EQ(heard->finish(), FinishReason::Length);
}

TEST(Delivery, sends_whole_characters_only) {
  Scripted engine(script("\u00e9\u20ac\U0001F600!", {kEnd}));
  Request request;
  request.prompt = {kStart};
  request.max_tokens = 40;
  const auto heard = engine.submit(request);
  const std::vector<std::string> heard_so_far{"", "\u00e9", "\u00e9", "\u00e9", "\u00e9\u20ac"};
  for (const std::string& expected : heard_so_far) {
    engine.steps(1);
    EXPECT_EQ(heard->text(), expected);
  }
  engine.run();
  EXPECT_EQ(heard->text(), "\u00e9\u20ac\U0001F600!");
}

TEST(Delivery, finds_a_stop_text_whose_characters_span_tokens) {
  Scripted engine(script("5 \u20ac net", {kEnd}));
  Request request;
  request.stop = {" \u20ac"};
  EXPECT_EQ(engine.ask(request)->text(), "5");
}

TEST(Delivery, writes_an_unfinished_character_at_the_end_as_a_replacement) {
  Scripted engine(script("a\xe2\x82", {kEnd}));
  const auto heard = engine.ask({});
  EXPECT_EQ(heard->text(), "a\uFFFD");
  EXPECT_EQ(heard->text(), *engine.model.tokenizer()->decode(std::vector<TokenId>{'a', 0xe2, 0x82}));
}

TEST(Delivery, does_not_end_before_min_tokens) {
  Scripted engine(script("stop stop stop stop"));
  Request request;
  request.stop = {"stop"};
  request.min_tokens = 7;
  const auto heard = engine.ask(request);
  EXPECT_EQ(heard->text(), "stop stop ");
}

TEST(Delivery, ends_of_generation_are_not_drawn_before_min_tokens) {
  Scripted engine(script("", {'a', kEnd, ';', kEnd, kEnd, kEnd}));
  Request request;
  request.stop_tokens = {';'};
  request.min_tokens = 5;
  const auto heard = engine.ask(request);
  EXPECT_THAT(heard->ids(), testing::ElementsAre('a', kStart, '<', kStart, kStart, kEnd)) << "the next token that may be drawn";
  EXPECT_EQ(heard->finish(), FinishReason::Stop);
}

TEST(Delivery, each_choice_has_its_own_end) {
  Scripted engine({});
  engine.model.backend().next = [](std::span<const TokenId>, const model::SampleInput& input) -> TokenId {
    return input.position > 2 * (input.choice + 1) ? kEnd : 'a' + input.choice;
  };
  Request request;
  request.n = 3;
  const auto heard = engine.ask(request);
  EXPECT_EQ(heard->text(0), "aa");
  EXPECT_EQ(heard->text(1), "bbbb");
  EXPECT_EQ(heard->text(2), "cccccc");
  EXPECT_EQ(heard->usage.completion_tokens, 3u + 5u + 7u);
}

TEST(Delivery, choices_may_end_at_their_first_token) {
  for (const uint32_t ends : {0u, 1u, 2u, 3u}) {
    Scripted engine({});
    engine.model.backend().next = [=](std::span<const TokenId>, const model::SampleInput& input) -> TokenId {
      return input.choice == ends || ends == 3 || input.position > 20 ? kEnd : 'x';
    };
    Request request;
    request.n = 3;
    const auto heard = engine.ask(request);
    EXPECT_TRUE(heard->done);
    for (uint32_t choice = 0; choice < 3; ++choice) {
      EXPECT_EQ(heard->finish(choice), FinishReason::Stop);
      EXPECT_EQ(heard->text(choice).empty(), choice == ends || ends == 3);
    }
  }
}

TEST(Delivery, the_text_equals_the_decoded_tokens_for_random_bytes) {
  TestLoop engine;
  for (uint32_t salt = 0; salt < 50; ++salt) {
    const auto heard = engine.submit(greedy(some_prompt(5, salt), 100));
    engine.run();
    EXPECT_EQ(heard->text(), *engine.model.tokenizer()->decode(heard->ids()));
  }
}

}  // namespace
}  // namespace headrace::engine
