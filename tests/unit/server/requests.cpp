#include <gtest/gtest.h>

#include "fake_engine.h"
#include "server/api/chat_request.h"
#include "server/api/completion_request.h"

namespace headrace::server {
namespace {

const std::shared_ptr<Service>& service() {
  static const auto kService = test::fake_service();
  return kService;
}

Api<ChatRequest> chat(const std::string& more) {
  return read_chat_request(Json::parse(R"({"model":"fake","messages":[{"role":"user","content":"hi"}])" + more + "}"), *service());
}
Api<CompletionRequest> completion(const std::string& more) {
  return read_completion_request(Json::parse(R"({"model":"fake","prompt":"hi")" + more + "}"), *service());
}

struct Refused {
  const char* more;     // members added to a good request
  int status;
  const char* param;    // null: none
  const char* code;     // null: none
};

void expect(const Api<ChatRequest>& request, const Refused& refused) {
  ASSERT_FALSE(request) << refused.more;
  const ApiError& error = request.error();
  EXPECT_EQ(error.status, refused.status) << refused.more;
  EXPECT_EQ(error.type, "invalid_request_error") << refused.more;
  EXPECT_EQ(error.param.value_or("-"), refused.param ? refused.param : "-") << refused.more;
  EXPECT_EQ(error.code.value_or("-"), refused.code ? refused.code : "-") << refused.more;
}

TEST(ChatRequest, has_openai_defaults) {
  const auto request = chat("");
  ASSERT_TRUE(request) << request.error().message;
  const engine::Request& engine = request->generation.engine;
  EXPECT_EQ(engine.sampling.temperature, 1.0f);
  EXPECT_EQ(engine.sampling.top_p, 1.0f);
  EXPECT_EQ(engine.max_tokens, 0u);
  EXPECT_EQ(engine.n, 1u);
  EXPECT_FALSE(engine.seed);
  EXPECT_FALSE(engine.logprobs);
  EXPECT_FALSE(request->generation.stream);
}

TEST(ChatRequest, renders_and_encodes_the_conversation) {
  const auto request = chat("");
  ASSERT_TRUE(request);
  EXPECT_EQ(*service()->tokenizer().decode(request->generation.engine.prompt),
            "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(request->generation.engine.prompt.front(), 256u);  // the control token, not its letters
}

TEST(ChatRequest, takes_every_parameter_of_the_engine) {
  const auto request = chat(R"(,"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.1,"typical_p":0.8,"n":3,"seed":-1,
    "stop":["a","b"],"max_completion_tokens":7,"presence_penalty":-2,"frequency_penalty":2,"repetition_penalty":1.1,
    "logit_bias":{"65":-100,"66":5},"logprobs":true,"top_logprobs":4,"min_tokens":2,"stop_token_ids":[1,2],"ignore_eos":true,
    "skip_special_tokens":false,"include_stop_str_in_output":true,"stream":true,"stream_options":{"include_usage":true},
    "user":"u","metadata":{},"store":false,"service_tier":"auto","tools":[],"tool_choice":"none","response_format":{"type":"text"},
    "functions":null,"modalities":["text"],"chat_template_kwargs":{"x":1})");
  ASSERT_TRUE(request) << request.error().message;
  const engine::Request& engine = request->generation.engine;
  EXPECT_EQ(engine.sampling.temperature, 0.5f);
  EXPECT_EQ(engine.sampling.top_p, 0.9f);
  EXPECT_EQ(engine.sampling.top_k, 40u);
  EXPECT_EQ(engine.sampling.min_p, 0.1f);
  EXPECT_EQ(engine.sampling.typical_p, 0.8f);
  EXPECT_EQ(engine.sampling.presence_penalty, -2.0f);
  EXPECT_EQ(engine.sampling.frequency_penalty, 2.0f);
  EXPECT_EQ(engine.sampling.repetition_penalty, 1.1f);
  EXPECT_EQ(engine.sampling.logit_bias, (std::vector<std::pair<text::TokenId, float>>{{65, -100.0f}, {66, 5.0f}}));
  EXPECT_EQ(engine.n, 3u);
  EXPECT_EQ(engine.seed, UINT64_MAX);
  EXPECT_EQ(engine.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(engine.max_tokens, 7u);
  EXPECT_TRUE(engine.logprobs);
  EXPECT_EQ(engine.top_logprobs, 4u);
  EXPECT_EQ(engine.min_tokens, 2u);
  EXPECT_EQ(engine.stop_tokens, (std::vector<text::TokenId>{1, 2}));
  EXPECT_TRUE(engine.ignore_eos);
  EXPECT_FALSE(engine.skip_special);
  EXPECT_TRUE(engine.include_stop);
  EXPECT_TRUE(request->generation.stream);
  EXPECT_TRUE(request->generation.include_usage);
}

TEST(ChatRequest, refuses_as_openai_does) {
  for (const Refused& refused : std::initializer_list<Refused>{
           {R"(,"temperature":9)", 400, "temperature", "decimal_above_max_value"},
           {R"(,"temperature":-0.1)", 400, "temperature", "decimal_below_min_value"},
           {R"(,"temperature":"hot")", 400, "temperature", "invalid_type"},
           {R"(,"top_p":2)", 400, "top_p", "decimal_above_max_value"},
           {R"(,"n":0)", 400, "n", "integer_below_min_value"},
           {R"(,"n":129)", 400, "n", "integer_above_max_value"},
           {R"(,"n":1.5)", 400, "n", "invalid_type"},
           {R"(,"n":99999999999999999999)", 400, "n", "invalid_type"},
           {R"(,"n":18446744073709551615)", 400, "n", "integer_above_max_value"},
           {R"(,"max_tokens":0)", 400, "max_tokens", "integer_below_min_value"},
           {R"(,"max_tokens":5000)", 400, "messages", "context_length_exceeded"},
           {R"(,"presence_penalty":2.1)", 400, "presence_penalty", "decimal_above_max_value"},
           {R"(,"logit_bias":{"a":1})", 400, "logit_bias", "invalid_value"},
           {R"(,"logit_bias":{"1":101})", 400, "logit_bias", "invalid_value"},
           {R"(,"logit_bias":{"300":1})", 400, "logit_bias", "invalid_value"},
           {R"(,"logit_bias":[])", 400, "logit_bias", "invalid_type"},
           {R"(,"stop":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"])", 400, "stop", "array_above_max_length"},
           {R"(,"stop":[1])", 400, "stop", "invalid_type"},
           {R"(,"stop":"")", 400, "stop", "invalid_value"},
           {R"(,"stop_token_ids":[300])", 400, "stop_token_ids", "invalid_value"},
           {R"(,"top_logprobs":5)", 400, "top_logprobs", "invalid_value"},
           {R"(,"logprobs":true,"top_logprobs":21)", 400, "top_logprobs", "integer_above_max_value"},
           {R"(,"logprobs":5)", 400, "logprobs", "invalid_type"},
           {R"(,"stream_options":{"include_usage":true})", 400, "stream_options", "invalid_value"},
           {R"(,"stream":true,"stream_options":{"x":1})", 400, nullptr, nullptr},
           {R"(,"tools":[{"type":"function"}])", 400, "tools", "unsupported_parameter"},
           {R"(,"tool_choice":"auto")", 400, "tool_choice", "unsupported_parameter"},
           {R"(,"response_format":{"type":"json_object"})", 400, "response_format", "unsupported_parameter"},
           {R"(,"modalities":["audio"])", 400, "modalities", "unsupported_parameter"},
           {R"(,"reasoning_effort":"low")", 400, "reasoning_effort", "unsupported_parameter"},
           {R"(,"store":true)", 400, "store", "unsupported_parameter"},
           {R"(,"best_of":2)", 400, nullptr, nullptr},
           {R"(,"foo":1)", 400, nullptr, nullptr},
           {R"(,"chat_template_kwargs":{"messages":[]})", 400, "chat_template_kwargs", "invalid_value"},
       }) {
    expect(chat(refused.more), refused);
  }
}

TEST(ChatRequest, names_an_argument_it_does_not_know) {
  EXPECT_EQ(chat(R"(,"foo":1)").error().message, "Unrecognized request argument supplied: foo");
}

TEST(ChatRequest, wants_a_model_that_is_served) {
  const auto read = [](const char* body) { return read_chat_request(Json::parse(body), *service()); };
  EXPECT_EQ(read(R"({"messages":[{"role":"user","content":"x"}]})").error().status, 400);
  const auto unknown = read(R"({"model":"gpt-9","messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(unknown.error().status, 404);
  EXPECT_EQ(unknown.error().code, "model_not_found");
}

TEST(ChatRequest, refuses_messages_that_are_none) {
  for (const auto& [messages, param] : std::initializer_list<std::pair<const char*, const char*>>{
           {"null", "messages"},
           {"[]", "messages"},
           {"\"hi\"", "messages"},
           {"[1]", "messages[0]"},
           {R"([{"content":"x"}])", "messages[0].role"},
           {R"([{"role":"robot","content":"x"}])", "messages[0].role"},
           {R"([{"role":"user"}])", "messages[0].content"},
           {R"([{"role":"user","content":5}])", "messages[0].content"},
           {R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}])", "messages[0].content"},
           {R"([{"role":"user","content":[{"type":"text"}]}])", "messages[0].content"},
           {R"([{"role":"user","content":["x"]}])", "messages[0].content"},
           {R"([{"role":"assistant","content":null}])", "messages[0].content"},
           {R"([{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"not json"}}]}])", "messages[0].tool_calls"}}) {
    const auto request = read_chat_request(Json::parse(std::string(R"({"model":"fake","messages":)") + messages + "}"), *service());
    ASSERT_FALSE(request) << messages;
    EXPECT_EQ(request.error().status, 400) << messages;
    EXPECT_EQ(request.error().param, param) << messages;
  }
}

std::string rendered(const char* body) {
  const Json json = Json::parse(body);
  Fields kept(json);
  ChatPrompt prompt;
  read_chat_prompt(kept, *service(), prompt);
  EXPECT_FALSE(kept.error());
  return render(prompt, *service()).value_or("failed");
}

TEST(ChatRequest, joins_text_parts_by_line_breaks) {
  EXPECT_EQ(rendered(R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]})"),
            "<|im_start|>user\na\nb<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatRequest, calls_the_developer_system_where_the_template_knows_no_other) {
  EXPECT_EQ(rendered(R"({"messages":[{"role":"developer","content":"a"}],"add_generation_prompt":false})"),
            "<|im_start|>system\na<|im_end|>\n");
}

TEST(ChatRequest, continues_the_final_message) {
  EXPECT_EQ(rendered(R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"The ans "}],"continue_final_message":true})"),
            "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nThe ans");
}

TEST(ChatRequest, says_both_numbers_of_a_prompt_that_is_too_long) {
  const std::string body = R"({"model":"fake","messages":[{"role":"user","content":")" + std::string(5000, 'x') + "\"}]}";
  const auto request = read_chat_request(Json::parse(body), *service());
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, "context_length_exceeded");
  EXPECT_NE(request.error().message.find("2000"), std::string::npos);
  EXPECT_NE(request.error().message.find("5019"), std::string::npos) << request.error().message;
}

TEST(ChatRequest, needs_a_chat_template) {
  test::FakeEngine::Settings settings;
  settings.has_template = false;
  const auto request = read_chat_request(Json::parse(R"({"model":"fake","messages":[{"role":"user","content":"hi"}]})"),
                                         *test::fake_service(settings));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, "no_chat_template");
}

TEST(CompletionRequest, has_openai_defaults) {
  const auto request = completion("");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->generation.engine.max_tokens, 16u);
  EXPECT_EQ(request->prompts, (std::vector<std::vector<text::TokenId>>{{'h', 'i'}}));
}

TEST(CompletionRequest, takes_text_ids_and_lists_of_either) {
  const auto prompts = [](const char* prompt) {
    auto request = read_completion_request(Json::parse(std::string(R"({"model":"fake","prompt":)") + prompt + "}"), *service());
    return request ? request->prompts : std::vector<std::vector<text::TokenId>>{};
  };
  using Prompts = std::vector<std::vector<text::TokenId>>;
  EXPECT_EQ(prompts("\"a\""), (Prompts{{97}}));
  EXPECT_EQ(prompts("[\"a\",\"bc\"]"), (Prompts{{97}, {98, 99}}));
  EXPECT_EQ(prompts("[1,2,3]"), (Prompts{{1, 2, 3}}));
  EXPECT_EQ(prompts("[[1],[2,3]]"), (Prompts{{1}, {2, 3}}));
  EXPECT_EQ(prompts("[\"a\",[5]]"), (Prompts{{97}, {5}}));
  for (const char* bad : {"5", "[]", "[[]]", "[null]", "[1,\"a\"]", "[300]", "[-1]", "[1.5]", "{}"}) EXPECT_TRUE(prompts(bad).empty()) << bad;
}

TEST(CompletionRequest, generates_nothing_for_max_tokens_0) {
  const auto request = completion(R"(,"max_tokens":0,"echo":true,"logprobs":1)");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->generation.skip_generation);
  EXPECT_EQ(request->generation.engine.max_tokens, 1u);
  EXPECT_TRUE(request->generation.engine.echo);
  EXPECT_EQ(request->generation.engine.top_logprobs, 1u);
}

TEST(CompletionRequest, refuses_as_openai_does) {
  for (const auto& [more, param] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"(,"suffix":"x")", "suffix"},
           {R"(,"best_of":1,"n":2)", "best_of"},
           {R"(,"best_of":2,"stream":true)", "best_of"},
           {R"(,"logprobs":21)", "logprobs"},
           {R"(,"logprobs":true)", "logprobs"},
           {R"(,"max_tokens":-1)", "max_tokens"}}) {
    const auto request = completion(more);
    ASSERT_FALSE(request) << more;
    EXPECT_EQ(request.error().param, param) << more;
  }
}

}  // namespace
}  // namespace headrace::server
