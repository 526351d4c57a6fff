#include "engine/delivery/stop_matcher.h"

#include <gtest/gtest.h>

#include <random>

namespace headrace::engine {
namespace {

struct Cut {
  std::string text;
  std::string stop;
};

Cut feed(const std::vector<std::string>& stops, const std::vector<std::string>& pieces, bool include = false) {
  StopMatcher matcher(stops, include);
  Cut cut;
  for (const std::string& piece : pieces)
    if (const std::string* met = matcher.push(piece, cut.text)) {
      cut.stop = *met;
      return cut;
    }
  matcher.finish(cut.text);
  return cut;
}

TEST(StopMatcher, passes_everything_on_without_stop_texts) {
  EXPECT_EQ(feed({}, {"one ", "two"}).text, "one two");
}

TEST(StopMatcher, cuts_before_a_stop_text_that_spans_pieces) {
  const Cut cut = feed({"END"}, {"the E", "N", "D of it"});
  EXPECT_EQ(cut.text, "the ");
  EXPECT_EQ(cut.stop, "END");
}

TEST(StopMatcher, keeps_the_stop_text_when_asked_to) { EXPECT_EQ(feed({"END"}, {"the E", "ND!"}, true).text, "the END"); }

TEST(StopMatcher, holds_back_only_what_may_become_a_stop_text) {
  const std::vector<std::string> stops{"END"};
  StopMatcher matcher(stops, false);
  std::string out;
  EXPECT_EQ(matcher.push("the EN", out), nullptr);
  EXPECT_EQ(out, "the ");
  EXPECT_EQ(matcher.push("x", out), nullptr);
  EXPECT_EQ(out, "the ENx");
  EXPECT_EQ(matcher.push(" EE", out), nullptr);
  EXPECT_EQ(out, "the ENx E");
  matcher.finish(out);
  EXPECT_EQ(out, "the ENx EE");
}

TEST(StopMatcher, the_match_that_ends_first_wins) {
  EXPECT_EQ(feed({"bcde", "cd"}, {"abcdef"}).stop, "cd");
  EXPECT_EQ(feed({"cd", "bcd"}, {"abcdef"}).stop, "bcd");
}

TEST(StopMatcher, the_cut_does_not_depend_on_the_pieces) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += static_cast<char>('a' + random() % 2);
    std::vector<std::string> stops;
    for (uint32_t s = 0; s <= random() % 3; ++s) {
      stops.emplace_back();
      for (uint32_t i = 0; i <= random() % 5; ++i) stops.back() += static_cast<char>('a' + random() % 2);
    }
    std::vector<std::string> pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t length = random() % 4;
      pieces.push_back(text.substr(at, length));
      at += length;
    }
    const Cut whole = feed(stops, {text});
    const Cut pieced = feed(stops, pieces);
    ASSERT_EQ(whole.text, pieced.text) << text;
    ASSERT_EQ(whole.stop, pieced.stop) << text;
    for (const std::string& stop : stops) ASSERT_EQ(pieced.text.find(stop), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace headrace::engine
