#include "text/unicode/utf8_kernels.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "text/unicode/utf8.h"

namespace headrace::text::utf8 {
namespace {

/// The definition, a character after the other.
size_t valid_by_characters(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const Sequence next = examine(bytes.substr(at));
    if (next.form != Form::Valid) break;
    at += next.length;
  }
  return at;
}

void expect_all_agree(const std::string& text) {
  const size_t wanted = valid_by_characters(text);
  for (const Utf8Kernels* kernels : all_utf8_kernels()) ASSERT_EQ(valid_prefix(text, *kernels), wanted) << kernels->name;
}

TEST(Utf8Kernels, FindWhereATextStopsBeingValidWhereverFourBytesStand) {
  // What begins or ends a range of the rules for first and second bytes.
  const std::string edges("\x00\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5\xF7\xF8\xFF", 26);
  for (const char first : edges) {
    for (const char second : edges) {
      for (const char third : {'a', '\x80', '\xBF', '\xC2', '\xE1', '\xF1'}) {
        for (const char fourth : {'a', '\x80', '\xBF', '\xC2'}) {
          const std::string four{first, second, third, fourth};
          for (const size_t at : {0, 29, 31, 61, 62, 63, 64, 100, 124, 126}) {
            std::string text(at % 2 == 0 ? "x" : "");
            while (text.size() < at) text += at % 3 == 0 ? "\u00e9" : "z";
            text.resize(at);
            if (at > 0 && !is_continuation(text.back()) && static_cast<uint8_t>(text.back()) >= 0x80) text.back() = 'y';
            text += four;
            text.resize(192, 'b');
            expect_all_agree(text);
          }
        }
      }
    }
  }
}

TEST(Utf8Kernels, AgreeOnTextsWithChangedBytesAndOfAnyLength) {
  std::mt19937 random(7);
  const char32_t greatest[] = {0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t size = random() % 600;
    const unsigned widest = random() % 4;
    while (text.size() < size) {
      const char32_t c = random() % (greatest[random() % (widest + 1)] + 1);
      if (c < 0xD800 || c > 0xDFFF) text += encode(c);
    }
    if (random() % 4 == 0) text.resize(size);
    for (unsigned changes = random() % 3; changes > 0 && !text.empty(); --changes) text[random() % text.size()] = static_cast<char>(random());
    expect_all_agree(text);
  }
}

}  // namespace
}  // namespace headrace::text::utf8
