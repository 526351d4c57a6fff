#include "text/regex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace headrace;
using text::Offset;
using text::Regex;

namespace {

std::vector<Offset> matches(std::string_view pattern, std::string_view subject) {
  std::vector<Offset> found;
  const auto regex = Regex::compile(pattern);
  EXPECT_TRUE(regex.has_value()) << pattern << ": " << (regex ? "" : regex.error().message);
  if (regex) {
    EXPECT_TRUE(regex->find_all(subject, found).has_value());
  }
  return found;
}

std::string refusal(std::string_view pattern) {
  const auto regex = Regex::compile(pattern);
  return regex ? "" : regex.error().message;
}

}  // namespace

TEST(Regex, EmptyMatchesAreFoundExceptRightBehindAMatch) {
  EXPECT_EQ(matches("a*", "baac"), (std::vector<Offset>{{0, 0}, {1, 3}, {4, 4}}));
}

TEST(Regex, IntervalWithPlusRepeatsTheInterval) { EXPECT_EQ(matches("a{2}+", "aaaaa"), (std::vector<Offset>{{0, 4}})); }

TEST(Regex, SeveralCharactersFoldToOne) {
  EXPECT_EQ(matches("(?i)ss", "\xC3\x9F"), (std::vector<Offset>{{0, 2}}));
  EXPECT_EQ(matches("(?i)[\xC3\x9F]", "ss"), (std::vector<Offset>{{0, 2}}));
}

TEST(Regex, IntersectionBindsLooserThanUnion) {
  EXPECT_EQ(matches("[a-z&&[^aeiou]x]+", "abcx"), (std::vector<Offset>{{1, 4}}));
}

TEST(Regex, LookBehindMayHaveSeveralLengths) { EXPECT_EQ(matches("(?<=a|bc)d", "adbcd"), (std::vector<Offset>{{1, 2}, {4, 5}})); }

TEST(Regex, WhatIsWrongIsNamedWithItsPlace) {
  EXPECT_EQ(refusal("a)"), "The pattern is not valid at byte 1: unmatched close parenthesis.");
  EXPECT_NE(refusal("*a").find("target of repeat operator is not specified"), std::string::npos);
  EXPECT_NE(refusal(std::string(1000, '(')).find("too deep"), std::string::npos);
  EXPECT_NE(refusal(std::string(1000, '[')).find("too deep"), std::string::npos);
}

TEST(Regex, ACatastrophicPatternIsAnErrorSoon) {
  const auto regex = Regex::compile("(a+)+$");
  ASSERT_TRUE(regex.has_value());
  std::vector<Offset> found;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(regex->find_all(std::string(40, 'a') + "b", found).has_value());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}
