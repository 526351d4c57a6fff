#include "server/reply/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace headrace::server {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string logprob(float value) {
  std::string out;
  append_json_logprob(out, value);
  return out;
}

TEST(JsonText, escapes_what_json_wants_escaped) {
  EXPECT_EQ(as_json("a\"b\\c\n\t\x01/"), R"("a\"b\\c\n\t\u0001/")");
  EXPECT_EQ(as_json(""), "\"\"");
  EXPECT_EQ(as_json("\u00fc \U0001F600"), "\"\u00fc \U0001F600\"");
}

TEST(JsonText, gives_back_every_character_through_a_parser) {
  std::string text;
  for (int c = 0; c < 128; ++c) text.push_back(char(c));
  EXPECT_EQ(nlohmann::json::parse(as_json(text)).get<std::string>(), text);
}

TEST(JsonText, writes_numbers_that_json_has) {
  EXPECT_EQ(logprob(-0.5f), "-0.5");
  EXPECT_EQ(logprob(NAN), "null");
  EXPECT_EQ(logprob(-std::numeric_limits<float>::infinity()), "-9999");
  EXPECT_EQ(nlohmann::json::parse(logprob(-1.2345678e-5f)).get<float>(), -1.2345678e-5f);
}

TEST(JsonText, tells_valid_utf8_from_parts_of_it) {
  for (const char* valid : {"", "a", "\u00fc", "\u20ac", "\U0001F600", "\xf4\x8f\xbf\xbf"}) EXPECT_TRUE(is_valid_utf8(valid)) << valid;
  for (const char* invalid : {"\x80", "\xc3", "\xe2\x82", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) EXPECT_FALSE(is_valid_utf8(invalid));
}

TEST(JsonText, counts_characters_and_not_bytes) { EXPECT_EQ(count_characters("a\u00fc\u20ac\U0001F600"), 4u); }

}  // namespace
}  // namespace headrace::server
