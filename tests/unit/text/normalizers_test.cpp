#include <gtest/gtest.h>

#include <random>

#include "text/components.h"

namespace headrace::text {
namespace {

std::string bytes_of_charsmap(const std::vector<uint32_t>& units, std::string_view replacements) {
  std::string bytes;
  const auto append = [&bytes](uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(value >> shift));
  };
  append(static_cast<uint32_t>(units.size() * 4));
  for (const uint32_t unit : units) append(unit);
  return bytes.append(replacements);
}

/// Every byte is a key whose value is the first replacement.
std::string every_byte_to(std::string_view replacement) {
  std::vector<uint32_t> units(1024);
  units[0] = 256u << 10;
  for (uint32_t byte = 1; byte < 256; ++byte) units[256 ^ byte] = byte | 1u << 8 | (512 ^ 256 ^ byte) << 10;
  units[512] = 1u << 31;
  return bytes_of_charsmap(units, std::string(replacement) + '\0');
}

Result<std::string> normalized(const NormalizerSpec& spec, std::string text) {
  HR_TRY(const auto stage, compile(spec));
  NormalizedString string(std::move(text));
  HR_CHECK(stage->normalize(string));
  return string.normalized();
}

Result<std::string> rewritten(std::string_view json) {
  HR_TRY(const NormalizerSpec spec, read_component<NormalizerSpec>(json));
  return write_component(spec);
}

TEST(Normalizers, bert_cleans_spaces_chinese_and_lower_cases) {
  EXPECT_EQ(*normalized({BertNormalizer{}}, "H\u00e9\tllo\u0001中a\uFFFD"), "he llo 中 a");
  EXPECT_EQ(*normalized({BertNormalizer{true, true, false, true}}, "É"), "é");
  EXPECT_EQ(*normalized({BertNormalizer{true, true, std::nullopt, false}}, "É"), "É");  // accents go with lower case unless asked for
}

TEST(Normalizers, byte_level_spells_each_byte_by_a_letter) {
  EXPECT_EQ(*normalized({ByteLevelNormalizer{}}, "Hello 我"), "HelloĠæĪĳ");
}

TEST(Normalizers, replace_by_the_empty_string_matches_between_all_characters) {
  EXPECT_EQ(*normalized({ReplaceNormalizer{StringPattern{""}, "-"}}, "aé"), "-a-é-");
  EXPECT_EQ(*normalized({ReplaceNormalizer{StringPattern{""}, "-"}}, ""), "");
}

TEST(Normalizers, a_sequence_runs_in_order_and_follows_changes_of_its_parts) {
  const auto prepend = std::make_shared<Live<NormalizerSpec>>(NormalizerSpec{Prepend{"A"}});
  const auto lower = std::make_shared<Live<NormalizerSpec>>(NormalizerSpec{Lowercase{}});
  const Live<NormalizerSpec> sequence(NormalizerSpec{NormalizerSequence{{prepend, lower}}});
  const auto run = [&] {
    NormalizedString text("B");
    EXPECT_TRUE((*sequence.stage())->normalize(text));
    return text.normalized();
  };
  EXPECT_EQ(run(), "ab");
  prepend->set(NormalizerSpec{Prepend{"C"}});
  EXPECT_EQ(run(), "cb");
}

TEST(Normalizers, a_charsmap_replaces_short_grapheme_clusters_whole_and_long_ones_by_character) {
  const NormalizerSpec spec{Precompiled{every_byte_to("Z")}};
  EXPECT_EQ(*normalized(spec, "e\u0301x"), "ZZ");
  EXPECT_EQ(*normalized(spec, "e\u0301\u0301\u0301"), "ZZZZ");
  EXPECT_EQ(*normalized(spec, "\r\na"), "ZZ");
}

TEST(Normalizers, a_charsmap_that_leads_astray_is_an_error) {
  EXPECT_FALSE(compile({Precompiled{""}}));
  EXPECT_FALSE(compile({Precompiled{"\xFF\xFF\xFF\xFFxxxx"}}));
  EXPECT_FALSE(compile({Precompiled{bytes_of_charsmap({0}, "\xFF")}}));
  EXPECT_FALSE(normalized({Precompiled{bytes_of_charsmap({}, "")}}, "a"));                // no root
  EXPECT_FALSE(normalized({Precompiled{bytes_of_charsmap({0xFFFFFC00u}, "")}}, "a"));     // far outside
  std::vector<uint32_t> units(1024);
  units[0] = 256u << 10;
  units[256 ^ 'a'] = 'a' | 1u << 8 | (512 ^ 256 ^ 'a') << 10;
  for (const uint32_t place : {1u, 2u, 100u, 0x7FFFFFFFu}) {  // 1 is inside é; 2 is the end
    units[512] = 1u << 31 | place;
    EXPECT_EQ(normalized({Precompiled{bytes_of_charsmap(units, "é")}}, "a").has_value(), place == 2) << place;
  }
}

TEST(Normalizers, charsmaps_of_any_bytes_are_safe) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint32_t> units(1 + random() % 64);
    for (uint32_t& unit : units) unit = random() % 2 ? static_cast<uint32_t>(random()) : 'a' | 1u << 8 | (random() % 64) << 10;
    (void)normalized({Precompiled{bytes_of_charsmap(units, "abc")}}, "aab\u0301é中\U0001F600a");
  }
}

TEST(Normalizers, are_written_as_the_reference_writes_them) {
  for (const char* json : {
           R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":false})",
           R"({"type":"Strip","strip_left":true,"strip_right":false})", R"({"type":"Prepend","prepend":"▁"})",
           R"({"type":"Replace","pattern":{"String":"a"},"content":"b"})", R"({"type":"NFC"})", R"({"type":"ByteLevel"})",
           R"({"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAABhYmMA"})",
           R"({"type":"Sequence","normalizers":[{"type":"NFKD"},{"type":"StripAccents"}]})"}) {
    EXPECT_EQ(rewritten(json).value_or("refused"), json);
  }
}

TEST(Normalizers, are_read_without_their_type_where_fields_tell_them) {
  EXPECT_EQ(*rewritten(R"({"strip_left":true,"strip_right":false})"), R"({"type":"Strip","strip_left":true,"strip_right":false})");
  EXPECT_EQ(*rewritten(R"(["x"])"), R"({"type":"Prepend","prepend":"x"})");
}

TEST(Normalizers, errors_of_json_have_the_words_of_the_reference) {
  const auto message = [](std::string_view json) { return rewritten(json).error().message; };
  EXPECT_EQ(message(R"({"type":"nope"})"), "data did not match any variant of untagged enum NormalizerUntagged");
  EXPECT_EQ(message(R"({"type":"Strip","strip_left":true})"), "missing field `strip_right`");
  EXPECT_EQ(message(R"({"type":"Replace","pattern":{"Foo":"("},"content":"b"})"), "unknown variant `Foo`, expected `String` or `Regex`");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"type":"Sequence","normalizers":[)";
  EXPECT_FALSE(rewritten(deep));
}

TEST(Normalizers, a_program_s_own_has_no_json_form) {
  EXPECT_EQ(write_component(NormalizerSpec{CustomNormalizer{}}).error().kind, ErrorKind::Unsupported);
}

}  // namespace
}  // namespace headrace::text
