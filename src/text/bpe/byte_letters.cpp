#include "text/bpe/byte_letters.h"

#include <array>

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

struct Alphabet {
  std::array<char16_t, 256> letter_of{};
  std::array<int16_t, 0x144> byte_of{};
};

constexpr bool stands_for_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.byte_of.fill(-1);
  char16_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const char16_t letter = stands_for_itself(byte) ? static_cast<char16_t>(byte) : next++;
    alphabet.letter_of[byte] = letter;
    alphabet.byte_of[letter] = static_cast<int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string ByteLetters::letter(uint8_t byte) {
  const char16_t letter = kAlphabet.letter_of[byte];
  if (letter < 0x80) return {static_cast<char>(letter)};
  return {static_cast<char>(0xC0 | letter >> 6), static_cast<char>(0x80 | (letter & 0x3F))};
}

bool ByteLetters::append_bytes(std::string_view spelling, std::string& out) {
  const size_t before = out.size();
  for (size_t at = 0; at < spelling.size();) {
    const utf8::Sequence next = utf8::examine(spelling.substr(at));
    if (next.form == utf8::Form::Valid) {
      uint32_t length;
      const char32_t letter = utf8::decode(spelling.data() + at, length);
      if (letter < kAlphabet.byte_of.size() && kAlphabet.byte_of[letter] >= 0) {
        out += static_cast<char>(kAlphabet.byte_of[letter]);
        at += length;
        continue;
      }
    }
    out.resize(before);
    return false;
  }
  return true;
}

}  // namespace headrace::text
