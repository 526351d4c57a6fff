#include "frame/functions/pattern.h"

#include <gtest/gtest.h>

namespace headrace::frame {
namespace {

std::vector<std::string> found(const char* pattern, std::string_view text) {
  const auto compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled.has_value()) << pattern;
  std::vector<std::string> all;
  PatternSearch search(*compiled);
  EXPECT_TRUE(search.each(text, [&](const PatternSearch::Match& match) {
    all.emplace_back(text.substr(match.begin, match.end - match.begin));
    return true;
  }));
  return all;
}

TEST(Pattern, matches_do_not_overlap_and_empty_ones_do_not_touch) {
  EXPECT_EQ(found("a", "banana"), (std::vector<std::string>{"a", "a", "a"}));
  EXPECT_EQ(found("a*", "baac"), (std::vector<std::string>{"", "aa", ""}));
  EXPECT_EQ(found("", "é"), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(found("\\w+", "déjà vu_1"), (std::vector<std::string>{"déjà", "vu_1"}));
}

TEST(Pattern, what_is_not_regular_is_refused) {
  for (const char* pattern : {"(?=a)", "(?<=a)", "(?<!a)", "(a)\\1", "(?>a)", "(*ACCEPT)", "\\q", "a{", "[a", "(", "a{,3}"}) {
    EXPECT_FALSE(Pattern::compile(pattern).has_value()) << pattern;
  }
}

TEST(Pattern, groups_are_found_by_number_and_name) {
  const auto pattern = Pattern::compile("(?P<year>\\d+)-(x)?");
  ASSERT_TRUE(pattern.has_value());
  EXPECT_EQ(pattern->group("year"), 1u);
  EXPECT_EQ(pattern->group("2"), 2u);
  EXPECT_EQ(pattern->group("3"), std::nullopt);
  PatternSearch search(*pattern);
  ASSERT_TRUE((*search.find("in 1784-", 0)).has_value());
  EXPECT_EQ(search.group(1)->begin, 3u);
  EXPECT_EQ(search.group(2).has_value(), false);
}

TEST(Pattern, steps_without_end_are_an_error) {
  const auto pattern = Pattern::compile("(a|a?)+$");
  ASSERT_TRUE(pattern.has_value());
  PatternSearch search(*pattern);
  EXPECT_FALSE(search.find(std::string(40, 'a') + "!", 0).has_value());
}

}  // namespace
}  // namespace headrace::frame
