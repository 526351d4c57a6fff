#include "server/server.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../net/raw_client.h"
#include "fake_engine.h"

namespace headrace::server {
namespace {

using nlohmann::json;
using test::FakeEngine;
using test::RawClient;

struct Running {
  std::shared_ptr<FakeEngine> engine;
  std::unique_ptr<Server> server;
};

Running start(FakeEngine::Settings settings = {}, ServerOptions options = {}) {
  options.port = 0;
  Running running;
  running.engine = std::make_shared<FakeEngine>(settings);
  auto server = Server::start(running.engine, options);
  EXPECT_TRUE(server) << server.error().message;
  running.server = std::move(*server);
  return running;
}

std::string post(std::string_view path, std::string_view body, std::string_view headers = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  json parsed() const { return json::parse(body, nullptr, false); }
};

Answer split(const std::string& text) {
  Answer answer;
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.status = std::stoi(text.substr(9, 3));
  answer.head = text.substr(0, end + 2);
  answer.body = text.substr(end + 4);
  return answer;
}

Answer ask(const Running& running, const std::string& request) {
  RawClient client(running.server->port());
  client.send(request);
  return split(client.read_answer());
}

Answer get(const Running& running, const std::string& path) { return ask(running, "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"); }

/// The data of each server-sent event of an answer.
std::vector<std::string> events(const Running& running, const std::string& request) {
  RawClient client(running.server->port());
  client.send(request);
  const std::string text = client.read_until("data: [DONE]\n\n");
  std::vector<std::string> data;
  for (size_t at = text.find("data: "); at != std::string::npos; at = text.find("data: ", at + 1)) {
    data.push_back(text.substr(at + 6, text.find("\n\n", at) - at - 6));
  }
  return data;
}

constexpr const char* kChat = R"({"model":"fake","max_tokens":3,"messages":[{"role":"user","content":"hi"}])";
std::string chat(const std::string& more = "") { return post("/v1/chat/completions", kChat + more + "}"); }
std::string completion(const std::string& more = "") {
  return post("/v1/completions", R"({"model":"fake","max_tokens":3,"prompt":"hi")" + more + "}");
}

template <class Condition>
bool soon(Condition&& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

TEST(Server, answers_a_chat) {
  const auto running = start();
  const Answer answer = ask(running, chat());
  ASSERT_EQ(answer.status, 200) << answer.body;
  json body = answer.parsed();
  EXPECT_TRUE(body["id"].get<std::string>().starts_with("chatcmpl-"));
  EXPECT_TRUE(body["system_fingerprint"].get<std::string>().starts_with("fp_"));
  EXPECT_GT(body["created"].get<int64_t>(), 1'700'000'000);
  body.erase("id"), body.erase("created"), body.erase("system_fingerprint");
  EXPECT_EQ(body, json::parse(R"({"object":"chat.completion","model":"fake",
    "choices":[{"index":0,"message":{"role":"assistant","content":"abc","refusal":null},"logprobs":null,"finish_reason":"length"}],
    "usage":{"prompt_tokens":21,"completion_tokens":3,"total_tokens":24,"prompt_tokens_details":{"cached_tokens":3}}})"));
}

TEST(Server, streams_a_chat_role_first_and_done_last) {
  const auto running = start();
  const auto data = events(running, chat(R"(,"stream":true,"stream_options":{"include_usage":true})"));
  ASSERT_EQ(data.size(), 7u);
  EXPECT_EQ(json::parse(data[0])["choices"][0]["delta"], json::parse(R"({"role":"assistant","content":"","refusal":null})"));
  std::string text;
  for (int i = 1; i <= 3; ++i) text += json::parse(data[i])["choices"][0]["delta"]["content"].get<std::string>();
  EXPECT_EQ(text, "abc");
  const json end = json::parse(data[4]);
  EXPECT_EQ(end["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(end["choices"][0]["delta"], json::object());
  EXPECT_EQ(end["object"], "chat.completion.chunk");
  EXPECT_TRUE(end["usage"].is_null());
  const json usage = json::parse(data[5]);
  EXPECT_EQ(usage["choices"], json::array());
  EXPECT_EQ(usage["usage"]["total_tokens"], 24);
  EXPECT_EQ(data[6], "[DONE]");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(json::parse(data[i])["id"], end["id"]);
}

TEST(Server, streams_no_usage_unless_asked) {
  const auto running = start();
  for (const auto& data : events(running, chat(R"(,"stream":true)"))) EXPECT_EQ(data.find("usage"), std::string::npos) << data;
}

TEST(Server, streams_several_choices) {
  const auto running = start();
  std::map<int, std::string> texts;
  int ends = 0;
  for (const auto& data : events(running, chat(R"(,"stream":true,"n":2)"))) {
    if (data == "[DONE]") continue;
    const json choice = json::parse(data)["choices"][0];
    if (choice["delta"].contains("content")) texts[choice["index"]] += choice["delta"]["content"].get<std::string>();
    ends += choice["finish_reason"] == "length";
  }
  EXPECT_EQ(texts, (std::map<int, std::string>{{0, "abc"}, {1, "bcd"}}));
  EXPECT_EQ(ends, 2);
}

TEST(Server, tells_logprobs_of_a_chat) {
  const auto running = start();
  const json body = ask(running, chat(R"(,"logprobs":true,"top_logprobs":2)")).parsed();
  const json content = body["choices"][0]["logprobs"]["content"];
  ASSERT_EQ(content.size(), 3u);
  EXPECT_EQ(content[0], json::parse(R"({"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[
    {"token":"a","logprob":-0.5,"bytes":[97]},{"token":"A","logprob":-2.0,"bytes":[65]}]})"));
}

TEST(Server, answers_several_prompts_in_order) {
  const auto running = start();
  const Answer answer = ask(running, post("/v1/completions", R"({"model":"fake","max_tokens":2,"n":2,"prompt":["x","yz"]})"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json body = answer.parsed();
  EXPECT_TRUE(body["id"].get<std::string>().starts_with("cmpl-"));
  ASSERT_EQ(body["choices"].size(), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(body["choices"][i]["index"], i);
    EXPECT_EQ(body["choices"][i]["text"], i % 2 == 0 ? "ab" : "bc");
  }
  EXPECT_EQ(body["usage"]["prompt_tokens"], 3);
  EXPECT_EQ(body["usage"]["completion_tokens"], 8);
}

TEST(Server, echoes_a_prompt_with_its_logprobs) {
  const auto running = start();
  const json choice = ask(running, completion(R"(,"echo":true,"logprobs":1)")).parsed()["choices"][0];
  EXPECT_EQ(choice["text"], "hiabc");
  EXPECT_EQ(choice["logprobs"]["tokens"], json::parse(R"(["h","i","a","b","c"])"));
  EXPECT_EQ(choice["logprobs"]["token_logprobs"], json::parse("[null,-1.0,-0.5,-0.5,-0.5]"));
  EXPECT_EQ(choice["logprobs"]["text_offset"], json::parse("[0,1,2,3,4]"));
  EXPECT_TRUE(choice["logprobs"]["top_logprobs"][0].is_null());
  EXPECT_EQ(choice["logprobs"]["top_logprobs"][1], json::parse(R"({"i":-1.0})"));
}

TEST(Server, scores_a_prompt_and_generates_nothing) {
  const auto running = start();
  const json body = ask(running, post("/v1/completions", R"({"model":"fake","prompt":"hi","max_tokens":0,"echo":true,"logprobs":0})")).parsed();
  EXPECT_EQ(body["choices"][0]["text"], "hi");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(body["choices"][0]["logprobs"]["tokens"].size(), 2u);
  EXPECT_EQ(body["usage"]["completion_tokens"], 0);
}

TEST(Server, streams_text_with_echo) {
  const auto running = start();
  std::string text;
  std::vector<int> offsets;
  for (const auto& data : events(running, completion(R"(,"stream":true,"echo":true,"logprobs":0)"))) {
    if (data == "[DONE]") continue;
    const json choice = json::parse(data)["choices"][0];
    text += choice["text"].get<std::string>();
    if (!choice["logprobs"].is_null()) {
      for (const int offset : choice["logprobs"]["text_offset"]) offsets.push_back(offset);
    }
  }
  EXPECT_EQ(text, "hiabc");
  EXPECT_EQ(offsets, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Server, says_429_with_retry_after_when_the_queue_is_full) {
  FakeEngine::Settings settings;
  settings.max_queue = 1;
  settings.step = std::chrono::milliseconds(20);
  const auto running = start(settings);
  RawClient first(running.server->port());
  first.send(chat(R"(,"stream":true)"));
  first.read_until("data: ");
  const Answer answer = ask(running, chat());
  EXPECT_EQ(answer.status, 429);
  EXPECT_NE(answer.head.find("Retry-After: 1"), std::string::npos);
  EXPECT_EQ(answer.parsed()["error"]["type"], "rate_limit_error");
}

TEST(Server, cancels_all_prompts_of_a_request_that_does_not_fit_the_queue) {
  FakeEngine::Settings settings;
  settings.max_queue = 2;
  settings.step = std::chrono::milliseconds(5);
  const auto running = start(settings);
  EXPECT_EQ(ask(running, post("/v1/completions", R"({"model":"fake","prompt":["a","b","c"]})")).status, 429);
  EXPECT_TRUE(soon([&] { return running.engine->stats().running == 0; }));
  EXPECT_EQ(running.engine->stats().requests_cancelled, 2u);
}

TEST(Server, cancels_when_the_client_goes) {
  FakeEngine::Settings settings;
  settings.step = std::chrono::milliseconds(10);
  settings.letters = 1'000'000;
  const auto running = start(settings);
  for (const char* stream : {"true", "false"}) {
    RawClient client(running.server->port());
    client.send(post("/v1/completions", std::string(R"({"model":"fake","prompt":"hi","max_tokens":1900,"stream":)") + stream + "}"));
    ASSERT_TRUE(soon([&] { return running.engine->stats().running == 1; }));
    client.close();
    EXPECT_TRUE(soon([&] { return running.engine->stats().running == 0; })) << stream;
  }
  EXPECT_EQ(running.engine->stats().requests_cancelled, 2u);
}

TEST(Server, tells_a_failure_of_the_engine) {
  FakeEngine::Settings settings;
  settings.fails = true;
  const auto running = start(settings);
  const Answer answer = ask(running, chat());
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.parsed()["error"]["message"], "no memory for this");
  const auto data = events(running, chat(R"(,"stream":true)"));
  EXPECT_EQ(json::parse(data[data.size() - 2])["error"]["message"], "no memory for this");
}

TEST(Server, ends_with_requests_still_running) {
  FakeEngine::Settings settings;
  settings.step = std::chrono::milliseconds(1);
  settings.letters = 1'000'000;
  for (int i = 0; i < 10; ++i) {
    auto running = start(settings);
    RawClient client(running.server->port());
    client.send(completion(R"(,"stream":true)"));
    RawClient other(running.server->port());
    other.send(post("/v1/completions", R"({"model":"fake","prompt":"hi","max_tokens":1900,"stream":true})"));
    other.read_until("data: ");
    running.engine.reset();  // the server is its last owner
    running.server.reset();
    EXPECT_TRUE(other.closed_within(2));
  }
}

TEST(Server, knows_its_routes) {
  const auto running = start();
  EXPECT_EQ(get(running, "/health").status, 200);
  EXPECT_EQ(get(running, "/ready").status, 200);
  EXPECT_TRUE(get(running, "/version").parsed()["version"].is_string());
  EXPECT_EQ(get(running, "/v1/models").parsed()["data"][0]["id"], "fake");
  EXPECT_EQ(get(running, "/v1/models/fake").parsed()["object"], "model");
  EXPECT_EQ(get(running, "/v1/models/other").status, 404);
  EXPECT_EQ(get(running, "/nothing").status, 404);
  const Answer wrong = get(running, "/v1/chat/completions");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_NE(wrong.head.find("Allow: POST\r\n"), std::string::npos) << wrong.head;
  const Answer page = get(running, "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.head.find("Content-Security-Policy: default-src 'none'"), std::string::npos);
}

TEST(Server, tokenizes_as_vllm_does) {
  const auto running = start();
  EXPECT_EQ(ask(running, post("/tokenize", R"({"prompt":"hi","return_token_strs":true})")).parsed(),
            json::parse(R"({"count":2,"max_model_len":2000,"tokens":[104,105],"token_strs":["h","i"]})"));
  EXPECT_EQ(ask(running, post("/tokenize", R"({"messages":[{"role":"user","content":"hi"}]})")).parsed()["count"], 21);
  EXPECT_EQ(ask(running, post("/detokenize", R"({"tokens":[104,105]})")).parsed(), json::parse(R"({"prompt":"hi"})"));
  EXPECT_EQ(ask(running, post("/apply-template", R"({"messages":[{"role":"user","content":"hi"}]})")).parsed()["prompt"],
            "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(ask(running, post("/detokenize", R"({"tokens":[300]})")).status, 400);
  EXPECT_EQ(ask(running, post("/tokenize", "{}")).status, 400);
}

TEST(Server, tells_vllm_metrics) {
  const auto running = start();
  ask(running, chat());
  const std::string text = get(running, "/metrics").body;
  for (const char* line : {"# TYPE vllm:num_requests_running gauge\n", "# TYPE vllm:generation_tokens_total counter\n",
                           "vllm:generation_tokens_total{engine=\"0\",model_name=\"fake\"} 3\n",
                           "# TYPE vllm:time_to_first_token_seconds histogram\n",
                           "vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"fake\",le=\"+Inf\"} 0\n",
                           "vllm:request_success_total{engine=\"0\",model_name=\"fake\",finished_reason=\"stop\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(Server, asks_for_its_key) {
  ServerOptions options;
  options.api_key = "secret";
  const auto running = start({}, options);
  EXPECT_EQ(get(running, "/health").status, 200);
  EXPECT_EQ(get(running, "/v1/models").status, 401);
  EXPECT_EQ(get(running, "/metrics").status, 401);
  const std::string body = kChat + std::string("}");
  EXPECT_EQ(ask(running, post("/v1/chat/completions", body, "Authorization: Bearer wrong\r\n")).status, 401);
  EXPECT_EQ(ask(running, post("/v1/chat/completions", body, "Authorization: Bearer secret\r\n")).status, 200);
}

TEST(Server, lets_browsers_of_an_origin_call) {
  ServerOptions options;
  options.cors_origin = "https://example.org";
  const auto running = start({}, options);
  const Answer preflight = ask(running, "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: x\r\nOrigin: https://example.org\r\n\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_NE(preflight.head.find("Access-Control-Allow-Origin: https://example.org\r\n"), std::string::npos);
  EXPECT_NE(preflight.head.find("Access-Control-Allow-Headers: "), std::string::npos);
  EXPECT_EQ(get(start(), "/health").head.find("Access-Control"), std::string::npos);
}

TEST(Server, handles_a_large_body_beside_the_streams) {
  const auto running = start();
  const Answer answer = ask(running, post("/tokenize", R"({"prompt":")" + std::string(100'000, 'x') + "\"}"));
  EXPECT_EQ(answer.parsed()["count"], 100'000);
}

TEST(Server, finishes_running_requests_when_it_stops) {
  FakeEngine::Settings settings;
  settings.step = std::chrono::milliseconds(20);
  const auto running = start(settings);
  RawClient client(running.server->port());
  client.send(chat(R"(,"stream":true)"));
  client.read_until("data: ");
  std::thread stopper([&] { EXPECT_TRUE(running.server->stop()); });
  EXPECT_NE(client.read_to_end().find("[DONE]"), std::string::npos);
  client.close();
  stopper.join();
}

TEST(Server, refuses_new_requests_while_it_stops) {
  FakeEngine::Settings settings;
  settings.step = std::chrono::milliseconds(50);
  const auto running = start(settings);
  RawClient busy(running.server->port()), kept(running.server->port());
  busy.send(completion(R"(,"stream":true)"));
  kept.send("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");  // its body comes later
  busy.read_until("data: ");
  std::thread stopper([&] { running.server->stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  kept.send("{}");
  const Answer answer = split(kept.read_answer());
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
  kept.close();
  busy.close();
  stopper.join();
}

TEST(Server, cancels_what_does_not_end_in_time) {
  FakeEngine::Settings settings;
  settings.step = std::chrono::milliseconds(10);
  settings.letters = 1'000'000;
  ServerOptions options;
  options.drain_seconds = 0.2;
  const auto running = start(settings, options);
  RawClient client(running.server->port());
  client.send(post("/v1/completions", R"({"model":"fake","prompt":"hi","max_tokens":1900,"stream":true})"));
  client.read_until("data: ");
  EXPECT_FALSE(running.server->stop());
  EXPECT_TRUE(soon([&] { return running.engine->stats().running == 0; }));
}

}  // namespace
}  // namespace headrace::server
