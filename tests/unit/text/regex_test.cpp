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
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Regex, ALongScanAtEveryPlaceIsOneBudget) {
  // Each place goes to the end and fails: a square of steps, though no place has many.
  const std::string text(1 << 20, 'a');
  for (const char* pattern : {"a+b", "[^x]*x", "(?:a|b)*c", "a*?b", "(?=a*b)a"}) {
    const auto regex = Regex::compile(pattern, {.find_steps = 10'000'000});
    ASSERT_TRUE(regex.has_value());
    std::vector<Offset> found;
    const auto begin = std::chrono::steady_clock::now();
    const auto done = regex->find_all(text, found);
    ASSERT_FALSE(done.has_value()) << pattern;
    EXPECT_EQ(done.error().kind, ErrorKind::OutOfRange);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20)) << pattern;
  }
}

TEST(Regex, TheBudgetOfAllPlacesMayBeSet) {
  const std::string text(20'000, 'a');
  std::vector<Offset> found;
  EXPECT_FALSE(Regex::compile("a+b", {.find_steps = 100'000})->find_all(text, found).has_value());
  EXPECT_TRUE(Regex::compile("a+b", {.find_steps = 1'000'000'000})->find_all(text, found).has_value());
  EXPECT_TRUE(found.empty());
}

TEST(Regex, LongMatchesAreWithinTheBudget) {
  const std::string text = std::string(3 << 19, 'a') + " " + std::string(1 << 19, 'b');
  EXPECT_EQ(matches("a+|b+", text), (std::vector<Offset>{{0, 3 << 19}, {(3 << 19) + 1, (4 << 19) + 1}}));
  EXPECT_EQ(matches("(?:a|b)+", std::string(100'000, 'b')), (std::vector<Offset>{{0, 100'000}}));
}

TEST(Regex, MatchesDoNotDependOnWhereTheWindowsOfTheSearchEnd) {
  // Anchors, look-around and runs of white space across every offset of a window's end.
  for (const char* pattern : {"\\s+(?!\\S)|\\s+", "x$", "\\bx", "x\\b", "(?<=x)", "(?<=\\n)x", "\\z", "x*", "\\X", "(?m:.)x", "x\\Kx", "(x)\\1"}) {
    const auto regex = Regex::compile(pattern);
    ASSERT_TRUE(regex.has_value()) << pattern;
    std::vector<Offset> expected;
    ASSERT_TRUE(regex->find_all("xx  \nx e\xCC\x81 x\n", expected).has_value());
    for (size_t before = 480; before < 530; ++before) {
      std::vector<Offset> found;
      ASSERT_TRUE(regex->find_all(std::string(before, '.') + "xx  \nx e\xCC\x81 x\n", found).has_value());
      std::erase_if(found, [&](const Offset& match) { return match.begin < before; });
      std::vector<Offset> shifted;
      for (const Offset& match : expected) {
        if (match.begin > 0) shifted.push_back({static_cast<uint32_t>(match.begin + before), static_cast<uint32_t>(match.end + before)});
      }
      std::erase_if(found, [&](const Offset& match) { return match.begin == before; });
      EXPECT_EQ(found, shifted) << pattern << " after " << before;
    }
  }
}

TEST(Regex, LookBehindMayHaveAnyLength) {
  EXPECT_EQ(matches("(?<=a.*)b", "a__b_b cb"), (std::vector<Offset>{{3, 4}, {5, 6}, {8, 9}}));
  EXPECT_EQ(matches("(?<!a.*)b", "b a__b_b"), (std::vector<Offset>{{0, 1}}));
  EXPECT_EQ(matches("(?<=(a+))b\\1", "aab cbaa"), (std::vector<Offset>{}));
  EXPECT_EQ(matches("(?<=(a{1,3}))b\\1", "aaba"), (std::vector<Offset>{{2, 4}}));
}

TEST(Regex, AbsentOperatorsEndWhereTheAbsentWouldBegin) {
  EXPECT_EQ(matches("/\\*(?~\\*/)\\*/", "a/* b */ c */ d"), (std::vector<Offset>{{1, 8}}));
  EXPECT_EQ(matches("(?~|b|[a-c]+)", "aabca"), (std::vector<Offset>{{0, 2}, {3, 5}}));
  EXPECT_EQ(matches("(?~|c)\\w+(?~|)c", "abc abc"), (std::vector<Offset>{{0, 3}, {4, 7}}));
}

TEST(Regex, SegmentsEndBetweenGraphemeClusters) {
  EXPECT_EQ(matches("\\y", "e\xCC\x81\r\n"), (std::vector<Offset>{{0, 0}, {3, 3}, {5, 5}}));
  EXPECT_EQ(matches(".\\Y", "e\xCC\x81 f"), (std::vector<Offset>{{0, 1}}));
  // Two flags: between the second and the third indicator only.
  EXPECT_EQ(matches("(?<=.)\\y(?=.)", "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA\xF0\x9F\x87\xAB\xF0\x9F\x87\xB7"), (std::vector<Offset>{{8, 8}}));
}

TEST(Regex, RepetitionsMayBeMoreThanPcre2Has) {
  EXPECT_EQ(matches("a{70000}", std::string(70'001, 'a')), (std::vector<Offset>{{0, 70'000}}));
}

TEST(Regex, WhatIsTooMuchForTheMatcherOfOurOwnIsAnErrorToo) {
  const std::string text(100'000, 'a');
  std::vector<Offset> found;
  for (const char* pattern : {"(?<=ca*)b", "(?<=x*)(?:a+)+b", "(?<=x*)(?<n>a|\\g<n>)+b"}) {
    const auto regex = Regex::compile(pattern, {.find_steps = 1'000'000});
    ASSERT_TRUE(regex.has_value()) << pattern;
    const auto done = regex->find_all(text, found);
    ASSERT_FALSE(done.has_value()) << pattern;
    EXPECT_EQ(done.error().kind, ErrorKind::OutOfRange);
  }
}

TEST(Regex, WhatHasNoCounterpartIsNamed) {
  EXPECT_NE(refusal("(?{print})").find("a callout (?{"), std::string::npos);
  EXPECT_NE(refusal("(*COUNT)a").find("a callout (*"), std::string::npos);
  EXPECT_NE(refusal("(?y{w})\\X").find("y{w}"), std::string::npos);
  EXPECT_NE(refusal("(?L)a|ab").find("the option L"), std::string::npos);
  EXPECT_NE(refusal("(a)\\k<1+1>").find("recursion level"), std::string::npos);
}
