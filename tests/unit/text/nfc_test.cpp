#include <gtest/gtest.h>

#include <random>
#include <string>

#include "text/strings/normal_forms.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

std::string whole(std::string_view text) {
  std::string out;
  for (const CharacterChange& c : normalized(text, NormalForm::Nfc)) utf8::append(out, c.character);
  return out;
}

TEST(Nfc, NormalisingOnlyWhereMarksAreIsNormalisingAll) {
  static const char32_t kHard[] = {U'a',   U'e',   U' ',    0x301,  0x308,  0x323,  0x345,  0xE9,   0x1100,  0x1161, 0x11A8,
                                   0xAC00, 0xAC01, 0x9C7,   0x9BE,  0x212B, 0x2126, 0x3099, 0x304B, 0xFB1D, 0x5D0,  0x5BC,
                                   0x4E2D, 0x958,  0x1D15E, 0x0F73, 0x0344, 0x110BA, 0x1F600, 0x2ADC, 0xF900, 0x200D};
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t i = random() % 24; i > 0; --i) {
      const char32_t any = random() % 0x30000;
      const bool hard = random() % 4 != 0;
      utf8::append(text, hard ? kHard[random() % std::size(kHard)] : any >= 0xD800 && any < 0xE000 ? U'x' : any);
      if (random() % 8 == 0) text += "ten letters";
    }
    ASSERT_EQ(nfc(text), whole(text)) << text;
    ASSERT_EQ(is_nfc(text), text == whole(text)) << text;
  }
}

TEST(Nfc, EveryCharacterByItselfAndAfterALetter) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text = "e";
    utf8::append(text, c);
    ASSERT_EQ(nfc(text), whole(text)) << static_cast<uint32_t>(c);
    ASSERT_EQ(nfc(text.substr(1)), whole(text.substr(1))) << static_cast<uint32_t>(c);
  }
}

}  // namespace
}  // namespace headrace::text
