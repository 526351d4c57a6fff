#include "server/api/json_body.h"

#include <gtest/gtest.h>

namespace headrace::server {
namespace {

std::string repeated(std::string_view piece, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += piece;
  return out;
}

TEST(JsonBody, parses_an_object) {
  const auto json = parse_body(R"({"b":1,"a":[true,null]})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), R"({"b":1,"a":[true,null]})");
}

TEST(JsonBody, refuses_what_is_no_object) {
  for (const char* body : {"", "[]", "1", "null", "\"x\"", "{", "{\"a\":}", "{\"a\":1}}", "{'a':1}", "{\"a\":\"\xff\"}", "{\"a\":1e999}"}) {
    const auto json = parse_body(body);
    ASSERT_FALSE(json) << body;
    EXPECT_EQ(json.error().status, 400);
  }
}

TEST(JsonBody, refuses_100000_levels_before_it_builds_any) {
  for (const char* open : {"[", "{\"a\":"}) {
    const auto json = parse_body("{\"a\":" + repeated(open, 100'000));
    ASSERT_FALSE(json);
    EXPECT_NE(json.error().message.find("nested more than 64"), std::string::npos) << json.error().message;
  }
}

TEST(JsonBody, counts_no_brackets_within_strings) {
  EXPECT_TRUE(parse_body("{\"a\":\"" + repeated("[{\\\"", 1000) + "\"}"));
}

TEST(JsonBody, refuses_more_values_than_it_would_have_memory_for) {
  EXPECT_TRUE(parse_body("{\"a\":[" + repeated("1,", 100'000) + "1]}"));
  EXPECT_FALSE(parse_body("{\"a\":[" + repeated("1,", 1'100'000) + "1]}"));
  EXPECT_FALSE(parse_body("{\"a\":[" + repeated("[],", 600'000) + "1]}"));
}

TEST(JsonBody, refuses_objects_of_more_members_than_it_looks_up_quickly) {
  std::string body = "{\"a\":{";
  for (int i = 0; i < 2000; ++i) body += "\"" + std::to_string(i) + "\":1,";
  EXPECT_FALSE(parse_body(body + "\"x\":1}}"));
}

}  // namespace
}  // namespace headrace::server
