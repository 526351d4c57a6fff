#include <gtest/gtest.h>

#include "text/components.h"

namespace headrace::text {
namespace {

using Pieces = std::vector<std::pair<std::string, Offset>>;

/// The pieces of a text and where they come from, by a pre-tokenizer in its JSON form.
Pieces pieces(std::string_view json, std::string text) {
  const auto spec = read_component<PreTokenizerSpec>(json);
  EXPECT_TRUE(spec) << spec.error().message;
  const auto stage = compile(*spec);
  EXPECT_TRUE(stage) << stage.error().message;
  PreTokenizedString string(std::move(text));
  const auto done = (*stage)->pre_tokenize(string);
  EXPECT_TRUE(done) << done.error().message;
  Pieces found;
  for (const auto& split : string.splits()) found.emplace_back(split.text.normalized(), split.text.original_offsets());
  return found;
}

TEST(PreTokenizers, white_space_keeps_words_and_runs_of_punctuation) {
  EXPECT_EQ(pieces(R"({"type":"Whitespace"})", "Hi, you!!"), (Pieces{{"Hi", {0, 2}}, {",", {2, 3}}, {"you", {4, 7}}, {"!!", {7, 9}}}));
  EXPECT_EQ(pieces(R"({"type":"WhitespaceSplit"})", " Hi, \u00a0you"), (Pieces{{"Hi,", {1, 4}}, {"you", {7, 10}}}));
}

TEST(PreTokenizers, of_nothing_is_nothing) {
  for (const char* type : {"Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"}) {
    EXPECT_TRUE(pieces(std::string(R"({"type":")") + type + "\"}", "").empty()) << type;
  }
}

TEST(PreTokenizers, bert_cuts_every_mark_of_punctuation_alone) {
  EXPECT_EQ(pieces(R"({"type":"BertPreTokenizer"})", "a?? b"), (Pieces{{"a", {0, 1}}, {"?", {1, 2}}, {"?", {2, 3}}, {"b", {4, 5}}}));
}

TEST(PreTokenizers, byte_level_puts_a_space_before_the_text_and_spells_bytes) {
  EXPECT_EQ(pieces(R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})", "Hi é"),
            (Pieces{{"ĠHi", {0, 2}}, {"ĠÃ©", {2, 5}}}));
  EXPECT_EQ(pieces(R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false})", "Hi é"), (Pieces{{"HiĠÃ©", {0, 5}}}));
}

TEST(PreTokenizers, metaspace_prepends_to_the_first_piece_or_always_or_never) {
  EXPECT_EQ(pieces(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true})", "Hi  you"),
            (Pieces{{"▁Hi", {0, 2}}, {"▁", {2, 3}}, {"▁you", {3, 7}}}));
  EXPECT_EQ(pieces(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":true})", "Hi you"), (Pieces{{"Hi", {0, 2}}, {"▁you", {2, 6}}}));
  EXPECT_EQ(pieces(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false})", "Hi you"), (Pieces{{"▁Hi▁you", {0, 6}}}));
}

TEST(PreTokenizers, digits_are_cut_together_or_each) {
  EXPECT_EQ(pieces(R"({"type":"Digits","individual_digits":false})", "a12b"), (Pieces{{"a", {0, 1}}, {"12", {1, 3}}, {"b", {3, 4}}}));
  EXPECT_EQ(pieces(R"({"type":"Digits","individual_digits":true})", "a12b"), (Pieces{{"a", {0, 1}}, {"1", {1, 2}}, {"2", {2, 3}}, {"b", {3, 4}}}));
}

TEST(PreTokenizers, punctuation_follows_its_behavior) {
  EXPECT_EQ(pieces(R"({"type":"Punctuation","behavior":"Removed"})", "a,,b"), (Pieces{{"a", {0, 1}}, {"b", {3, 4}}}));
  EXPECT_EQ(pieces(R"({"type":"Punctuation","behavior":"Contiguous"})", "a,,b"), (Pieces{{"a", {0, 1}}, {",,", {1, 3}}, {"b", {3, 4}}}));
  EXPECT_EQ(pieces(R"({"type":"Punctuation","behavior":"MergedWithPrevious"})", "a,,b"), (Pieces{{"a,", {0, 2}}, {",", {2, 3}}, {"b", {3, 4}}}));
  EXPECT_EQ(pieces(R"({"type":"Punctuation","behavior":"MergedWithNext"})", "a,,b"), (Pieces{{"a", {0, 1}}, {",", {1, 2}}, {",b", {2, 4}}}));
}

TEST(PreTokenizers, a_split_by_a_pattern_may_keep_what_lies_between) {
  EXPECT_EQ(pieces(R"({"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Removed","invert":true})", "ab, cd"), (Pieces{{"ab", {0, 2}}, {"cd", {4, 6}}}));
  EXPECT_EQ(pieces(R"({"type":"Split","pattern":{"String":"."},"behavior":"Isolated","invert":false})", "a.b"),
            (Pieces{{"a", {0, 1}}, {".", {1, 2}}, {"b", {2, 3}}}));
}

TEST(PreTokenizers, a_delimiter_is_left_out) {
  EXPECT_EQ(pieces(R"({"type":"CharDelimiterSplit","delimiter":"_"})", "a__b"), (Pieces{{"a", {0, 1}}, {"b", {3, 4}}}));
}

TEST(PreTokenizers, scripts_change_where_writing_does_and_kana_go_with_han) {
  EXPECT_EQ(pieces(R"({"type":"UnicodeScripts"})", "どこで生れ。Yes"), (Pieces{{"どこで生れ", {0, 15}}, {"。", {15, 18}}, {"Yes", {18, 21}}}));
}

TEST(PreTokenizers, pieces_of_a_fixed_length_count_characters) {
  EXPECT_EQ(pieces(R"({"type":"FixedLength","length":2})", "aébcd"), (Pieces{{"aé", {0, 3}}, {"bc", {3, 5}}, {"d", {5, 6}}}));
}

TEST(PreTokenizers, a_sequence_cuts_what_the_part_before_it_left) {
  EXPECT_EQ(pieces(R"({"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits","individual_digits":true}]})", "a1 2"),
            (Pieces{{"a", {0, 1}}, {"1", {1, 2}}, {"2", {3, 4}}}));
}

}  // namespace
}  // namespace headrace::text
