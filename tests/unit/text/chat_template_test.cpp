#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

namespace headrace::text {
namespace {

using Json = nlohmann::ordered_json;

std::shared_ptr<const ChatTemplate> compiled(const std::string& source) {
  auto result = ChatTemplate::compile(source);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? *result : nullptr;
}

Result<std::string> render(const std::string& source, const Json& variables = Json::object(),
                           const ChatContext& context = {}) {
  HR_TRY(const auto ready, ChatTemplate::compile(source));
  return ready->render(variables, context);
}

TEST(ChatTemplate, renders_messages_with_the_context_around_them) {
  ChatContext context;
  context.bos_token = "<s>";
  context.eos_token = "</s>";
  const Json variables = {{"messages", {{{"role", "user"}, {"content", "Hi"}}}}};
  const std::string source =
      "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m['content'] }}{{ eos_token }}{% endfor %}"
      "{% if add_generation_prompt %}assistant:{% endif %}";
  EXPECT_EQ(render(source, variables, context).value(), "<s>user: Hi</s>assistant:");
  context.add_generation_prompt = false;
  EXPECT_EQ(render(source, variables, context).value(), "<s>user: Hi</s>");
}

TEST(ChatTemplate, prefers_variables_to_the_context) {
  const Json variables = {{"bos_token", "mine"}, {"add_generation_prompt", false}, {"range", "shadow"}};
  EXPECT_EQ(render("{{ bos_token }} {{ add_generation_prompt }} {{ range }}", variables).value(), "mine False shadow");
}

TEST(ChatTemplate, keeps_its_source) {
  EXPECT_EQ(compiled("{{ 1 }}\n")->source(), "{{ 1 }}\n");
}

TEST(ChatTemplate, refuses_variables_that_are_no_object) {
  EXPECT_EQ(render("x", Json::array()).error().kind, ErrorKind::InvalidArgument);
}

TEST(ChatTemplate, refuses_a_source_that_is_not_utf8) {
  EXPECT_EQ(ChatTemplate::compile("\xff").error().kind, ErrorKind::InvalidData);
}

TEST(ChatTemplate, passes_invalid_bytes_in_variables_through) {
  Json variables;
  variables["s"] = std::string("a\xff\xc3") + "b";
  EXPECT_EQ(render("{{ s }}|{{ s[::-1] }}|{{ s|length }}", variables).value(), "a\xff\xc3" "b|b\xc3\xff" "a|4");
}

TEST(ChatTemplate, tells_syntax_errors_from_what_the_template_raises) {
  EXPECT_EQ(ChatTemplate::compile("{{ 1 ").error().kind, ErrorKind::InvalidData);
  const auto raised = render("{{ raise_exception('no') }}");
  EXPECT_EQ(raised.error().kind, ErrorKind::InvalidArgument);
  EXPECT_EQ(raised.error().message, "chat template, line 1: no");
}

TEST(ChatTemplate, is_shared_by_threads) {
  const auto shared = compiled("{% macro m(x) %}{{ 'é' ~ x|upper }}{% endmacro %}{% for i in range(200) %}{{ m('a') }}{% endfor %}");
  const std::string expected = shared->render(Json::object()).value();
  std::vector<std::thread> threads;
  std::vector<std::string> texts(4);
  for (std::string& text : texts)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) text = shared->render(Json::object()).value();
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) EXPECT_EQ(text, expected);
}

// Each of these would run for ever, or need all memory, without its limit.
TEST(ChatTemplate, stops_hostile_templates_at_their_limits) {
  ChatContext context;
  context.limit_bytes = 1 << 20;
  context.limit_steps = 1'000'000;
  const char* const kHostile[] = {
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
      "{% for a in range(100000) %}0123456789012345678901234567890123456789{% endfor %}",
      "{{ range(1000000000) }}",
      "{% for i in range(1000000000) %}{% endfor %}",
      "{{ 'x' * 1000000000000 }}",
      "{{ [1] * 1000000000000 }}",
      "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
      "{% set ns = namespace(l=[]) %}{% for i in range(10000) %}{% set ns.l = [ns.l] %}{% endfor %}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{{ caller() }}{% call m() %}x{% endcall %}{% endmacro %}{% call m() %}y{% endcall %}",
      "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
      "{{ '%1000000000d' % 1 }}",
      "{{ '%.1000000000f' % 1 }}",
      "{{ '{:1000000000}'.format(1) }}",
      "{{ 'a'.ljust(1000000000000) }}",
      "{{ 'a'.zfill(9000000000000000000) }}",
      "{{ 'a' | center(1000000000000) }}",
      "{{ 'a\na' | indent(1000000000000) }}",
      "{{ [1] | batch(1000000000000, 1) | list }}",
      "{{ [1] | slice(1000000000000, 1) | list }}",
      "{{ ('a,' * 100000).replace('', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb') }}",
      "{{ '\t'.expandtabs(1000000000000) }}",
      "{{ [[[[[[1]]]]]] | tojson(indent=1000000000) }}",
      "{{ strftime_now('%9999999d' * 100) }}",
      "{% set x = range(100000)|list %}{% for i in x %}{{ x == x|list }}{% endfor %}",
      "{% set x = range(100000)|list %}{% for i in x %}{% if -1 in x %}{% endif %}{% endfor %}",
  };
  for (const char* source : kHostile) {
    const auto text = render(source, Json::object(), context);
    ASSERT_FALSE(text) << source;
    EXPECT_EQ(text.error().kind, ErrorKind::OutOfRange) << source << ": " << text.error().message;
  }
}

TEST(ChatTemplate, refuses_templates_that_nest_too_deeply) {
  const auto repeated = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  const std::string deep[] = {
      "{{ " + repeated("(", 100'000) + "1" + repeated(")", 100'000) + " }}",
      "{{ " + repeated("[", 100'000) + repeated("]", 100'000) + " }}",
      "{{ " + repeated("-", 100'000) + "1 }}",
      "{{ " + repeated("not ", 100'000) + "1 }}",
      "{{ 1" + repeated(" + 1", 100'000) + " }}",
      "{{ x" + repeated(".y", 100'000) + " }}",
      "{{ x" + repeated("|upper", 100'000) + " }}",
      "{{ x is defined" + repeated(" or x", 100'000) + " }}",
      "{{ x" + repeated(" if x else x", 100'000) + " }}",
      "{{ x" + repeated(" if x", 100'000) + " }}",
      repeated("{% if x %}", 100'000) + repeated("{% endif %}", 100'000),
      repeated("{% for x in x %}", 100'000),
      "{% set " + repeated("(", 100'000) + "x" + repeated(")", 100'000) + " = 1 %}",
  };
  for (const std::string& source : deep) {
    const auto result = ChatTemplate::compile(source);
    ASSERT_FALSE(result) << source.substr(0, 40);
    EXPECT_EQ(result.error().kind, ErrorKind::OutOfRange) << source.substr(0, 40) << ": " << result.error().message;
  }
}

TEST(ChatTemplate, refuses_variables_that_nest_too_deeply) {
  Json deep = 1;
  for (int i = 0; i < 100'000; ++i) deep = Json::array({std::move(deep)});
  Json variables;
  variables["x"] = std::move(deep);
  EXPECT_EQ(render("{{ x }}", variables).error().kind, ErrorKind::OutOfRange);
  EXPECT_EQ(render("unused", variables).value(), "unused");
}

TEST(ChatTemplate, takes_long_chains_of_values_apart_without_recursion) {
  // A list of a hundred thousand namespaces, each holding the one before.
  const char* source =
      "{% set ns = namespace(x=none) %}{% for i in range(100000) %}{% set ns.x = namespace(x=ns.x) %}{% endfor %}done";
  EXPECT_EQ(render(source).value(), "done");
}

TEST(ChatTemplate, frees_namespaces_that_hold_each_other) {
  EXPECT_EQ(render("{% set a = namespace() %}{% set b = namespace(a=a) %}{% set a.b = b %}{% set a.self = a %}ok").value(),
            "ok");
}

TEST(ChatTemplate, renders_a_long_template_of_elifs_and_concatenations) {
  std::string source = "{% if x == 0 %}0";
  for (int i = 1; i < 2000; ++i) source += "{% elif x == " + std::to_string(i) + " %}" + std::to_string(i);
  source += "{% endif %}{{ 'a'";
  for (int i = 0; i < 2000; ++i) source += " ~ 'b'";
  source += " }}";
  EXPECT_EQ(render(source, {{"x", 1999}}).value(), "1999a" + std::string(2000, 'b'));
}

}  // namespace
}  // namespace headrace::text
