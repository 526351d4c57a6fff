// Follows ARCHITECTURE.md's path of a token, hop by hop, over a real model:
// HEADRACE_TEST_MODEL names a .gguf file.
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>

#include "engine/engine.h"
#include "model/gguf.h"
#include "model/plan.h"

namespace headrace::engine {
namespace {

TEST(TokenPath, leads_from_a_file_and_a_message_to_text_that_decodes_from_its_ids) {
  const char* path = std::getenv("HEADRACE_TEST_MODEL");
  if (path == nullptr) GTEST_SKIP() << "HEADRACE_TEST_MODEL is not set";

  // Hops 1 and 2: the file's header is checked and its architecture emits a plan.
  auto file = model::Gguf::open(path);
  ASSERT_TRUE(file) << file.error().message;
  auto plan = model::emit_plan(*file);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(std::holds_alternative<model::Embed>(plan->steps.front()));
  EXPECT_TRUE(std::holds_alternative<model::Head>(plan->steps.back()));

  // Hops 1 and 3: weights are packed, once, within a budget.
  auto budget = MemoryBudget::create("the test", uint64_t{2} << 30);
  auto model = model::Model::load(path, {.budget = budget});
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_GE(budget->used_bytes(), (*model)->info().weight_bytes);
  EXPECT_EQ((*model)->info().vocabulary, plan->vocabulary);

  // Hop 4: pages come from the same budget.
  const uint64_t before_pages = budget->used_bytes();
  auto engine = Engine::create(*model, {.context = 256});
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_GT(budget->used_bytes(), before_pages);

  // Hops 7 and 8: messages become one text, the text becomes ids.
  const auto& tokenizer = (*model)->tokenizer();
  std::string prompt = "Say hello.";
  if ((*model)->chat_template()) {
    nlohmann::ordered_json variables;
    variables["messages"] = {{{"role", "user"}, {"content", "Say hello."}}};
    auto rendered = (*model)->chat_template()->render(variables);
    ASSERT_TRUE(rendered) << rendered.error().message;
    EXPECT_NE(rendered->find("Say hello."), std::string::npos);
    prompt = *rendered;
  }
  auto encoded = tokenizer->encode(prompt, {.add_special = false});
  ASSERT_TRUE(encoded);
  EXPECT_EQ(tokenizer->decode(encoded->ids).value(), prompt);

  // Hops 9 to 16: the engine turns ids into tokens and text.
  std::string text;
  std::vector<TokenId> ids;
  std::promise<Usage> done;
  Request request;
  request.prompt = encoded->ids;
  request.sampling.temperature = 0;
  request.max_tokens = 12;
  auto id = (*engine)->submit(request, [&](Event&& event) {
    text += event.text;
    for (const TokenOutput& token : event.tokens) ids.push_back(token.id);
    if (event.done) done.set_value(event.usage);
    return true;
  });
  ASSERT_TRUE(id) << id.error().message;
  const Usage usage = done.get_future().get();
  EXPECT_EQ(usage.prompt_tokens, encoded->ids.size());
  EXPECT_EQ(usage.completion_tokens, ids.size());
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(tokenizer->decode(ids, {.skip_special = true}).value(), text);
  EXPECT_GE((*engine)->stats().steps, ids.size());
}

}  // namespace
}  // namespace headrace::engine
