#include "text/normalized_string.h"

#include <gtest/gtest.h>

namespace headrace::text {
namespace {

using Spans = std::vector<Offset>;

Spans alignments(const NormalizedString& text) { return {text.alignments().begin(), text.alignments().end()}; }

std::vector<std::string> split(const std::string& text, const std::string& pattern, SplitBehavior behavior) {
  std::vector<std::string> pieces;
  const auto parts = NormalizedString(text).split(find_string(pattern), behavior);
  for (const NormalizedString& piece : parts.value()) pieces.push_back(piece.normalized());
  return pieces;
}

TEST(NormalizedString, begins_as_its_original_with_whole_characters_for_each_byte) {
  const NormalizedString text("aé");
  EXPECT_EQ(text.normalized(), "aé");
  EXPECT_EQ(alignments(text), (Spans{{0, 1}, {1, 3}, {1, 3}}));
}

TEST(NormalizedString, an_inserted_character_belongs_to_the_one_before_it) {
  NormalizedString text("é");
  text.nfd();
  EXPECT_EQ(text.normalized(), "e\u0301");
  EXPECT_EQ(alignments(text), (Spans{{0, 2}, {0, 2}, {0, 2}}));
}

TEST(NormalizedString, a_composed_character_belongs_to_the_first_of_its_parts) {
  NormalizedString text("e\u0301x");
  text.nfc();
  EXPECT_EQ(text.normalized(), "éx");
  EXPECT_EQ(alignments(text), (Spans{{0, 1}, {0, 1}, {3, 4}}));
}

TEST(NormalizedString, marks_that_change_places_keep_the_places_of_the_text) {
  NormalizedString text("a\u0301\u0323");
  text.nfd();
  EXPECT_EQ(text.normalized(), "a\u0323\u0301");
  EXPECT_EQ(alignments(text), (Spans{{0, 1}, {1, 3}, {1, 3}, {3, 5}, {3, 5}}));
}

TEST(NormalizedString, what_is_prepended_belongs_to_the_first_character) {
  NormalizedString text("ab");
  text.prepend("▁");
  EXPECT_EQ(text.normalized(), "▁ab");
  EXPECT_EQ(alignments(text), (Spans{{0, 1}, {0, 1}, {0, 1}, {0, 1}, {1, 2}}));
  NormalizedString empty("");
  empty.prepend("x");
  EXPECT_TRUE(empty.empty());
  empty.append("x");  // unlike what is appended, which then comes from nothing
  EXPECT_EQ(empty.normalized(), "x");
  EXPECT_EQ(alignments(empty), (Spans{{0, 0}}));
}

TEST(NormalizedString, what_is_appended_belongs_to_the_last_character) {
  NormalizedString text("ab");
  text.append("cd");
  EXPECT_EQ(text.normalized(), "abcd");
  EXPECT_EQ(alignments(text), (Spans{{0, 1}, {1, 2}, {1, 2}, {1, 2}}));
}

TEST(NormalizedString, a_replacement_belongs_to_the_last_character_that_it_replaces) {
  NormalizedString text("xaabx");
  ASSERT_TRUE(text.replace(find_string("aa"), "cde"));
  EXPECT_EQ(text.normalized(), "xcdebx");
  EXPECT_EQ(alignments(text), (Spans{{0, 1}, {2, 3}, {2, 3}, {2, 3}, {3, 4}, {4, 5}}));
}

TEST(NormalizedString, strip_keeps_the_places_of_what_stays) {
  NormalizedString text(" \u3000é \n");
  text.strip(true, true);
  EXPECT_EQ(text.normalized(), "é");
  EXPECT_EQ(alignments(text), (Spans{{4, 6}, {4, 6}}));
}

TEST(NormalizedString, lower_case_is_made_character_by_character) {
  NormalizedString text("ΑΣ\u0130");
  text.lowercase();
  EXPECT_EQ(text.normalized(), "ασi\u0307");  // no final sigma
}

TEST(NormalizedString, converts_between_both_texts) {
  NormalizedString text("aéb");
  text.filter([](char32_t c) { return c != U'é'; });
  EXPECT_EQ(text.to_original({0, 2}), (Offset{0, 4}));
  EXPECT_EQ(text.to_original({1, 2}), (Offset{3, 4}));
  EXPECT_EQ(text.to_normalized({3, 4}), (Offset{1, 2}));
  EXPECT_EQ(text.to_normalized({0, 3}), (Offset{0, 1}));
  EXPECT_EQ(text.to_original({0, 3}), std::nullopt);
  EXPECT_EQ(text.to_original({2, 1}), std::nullopt);
}

TEST(NormalizedString, a_slice_keeps_its_place_in_the_whole) {
  NormalizedString text("aéb");
  const auto slice = text.slice_normalized({1, 4});
  ASSERT_TRUE(slice);
  EXPECT_EQ(slice->original(), "éb");
  EXPECT_EQ(slice->original_offsets(), (Offset{1, 4}));
  EXPECT_EQ(alignments(*slice), (Spans{{0, 2}, {0, 2}, {2, 3}}));
  EXPECT_EQ(text.slice_normalized({0, 2}), std::nullopt);  // inside é
  EXPECT_EQ(text.slice_original({0, 9}), std::nullopt);
}

TEST(NormalizedString, splits_in_five_ways) {
  using enum SplitBehavior;
  const std::string text = "the-final--countdown";
  using Pieces = std::vector<std::string>;
  EXPECT_EQ(split(text, "-", Removed), (Pieces{"the", "final", "countdown"}));
  EXPECT_EQ(split(text, "-", Isolated), (Pieces{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(split(text, "-", MergedWithPrevious), (Pieces{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(split(text, "-", MergedWithNext), (Pieces{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(split(text, "-", Contiguous), (Pieces{"the", "-", "final", "--", "countdown"}));
}

TEST(NormalizedString, an_empty_literal_matches_nothing) {
  EXPECT_EQ(split("aé", "", SplitBehavior::Isolated), (std::vector<std::string>{"aé"}));
  EXPECT_EQ(split("", "a", SplitBehavior::Isolated), (std::vector<std::string>{""}));
}

TEST(NormalizedString, literals_are_found_from_left_to_right_without_overlap) {
  EXPECT_EQ(split("aaaaa", "aa", SplitBehavior::Isolated), (std::vector<std::string>{"aa", "aa", "a"}));
  EXPECT_EQ(split("aabaabaaab", "aabaaa", SplitBehavior::Isolated), (std::vector<std::string>{"aab", "aabaaa", "b"}));
}

TEST(NormalizedString, an_edit_that_says_more_was_there_than_is_does_not_read_beyond_the_text) {
  NormalizedString text("ab");
  text.transform(std::vector<CharacterChange>{{U'x', -5}, {U'y', 0}, {U'z', 1}});
  EXPECT_EQ(text.normalized(), "xyz");
  text.transform_range({1, 9}, std::vector<CharacterChange>{{U'q', 0}});
  EXPECT_EQ(text.normalized(), "xyz");
}

TEST(NormalizedString, a_megabyte_of_marks_or_of_matches_is_no_more_than_a_megabyte) {
  std::string marks = "a";
  for (int i = 0; i < 250'000; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0323";
  NormalizedString text(marks);
  text.nfc();
  text.nfd();
  text.nfkc();
  ASSERT_TRUE(text.replace(find_string("\u0301"), "bc"));
  const auto pieces = text.split(find_string("b"), SplitBehavior::MergedWithNext);
  ASSERT_TRUE(pieces);
  EXPECT_EQ(pieces->size(), 125'001u);
  NormalizedString hostile(std::string(1 << 20, 'a'));
  ASSERT_TRUE(hostile.replace(find_string(std::string(1 << 19, 'a') + "b"), ""));
  EXPECT_EQ(hostile.normalized().size(), size_t{1} << 20);
}

}  // namespace
}  // namespace headrace::text
