#include "text/bpe/byte_letters.h"

#include <array>

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

char* ByteLetters::write_bytes(std::string_view spelling, char* out) {
  const auto* p = reinterpret_cast<const uint8_t*>(spelling.data());
  const uint8_t* const end = p + spelling.size();
  while (p < end) {
    uint32_t letter = *p++;
    if (letter >= 0x80) {  // all letters outside ASCII have two bytes
      if (letter < 0xC2 || letter >= 0xE0 || p == end || (*p & 0xC0) != 0x80) return nullptr;
      letter = (letter & 0x1F) << 6 | (*p++ & 0x3Fu);
    }
    const int byte = letter < kAlphabet.byte_of.size() ? kAlphabet.byte_of[letter] : -1;
    if (byte < 0) return nullptr;
    *out++ = static_cast<char>(byte);
  }
  return out;
}

bool ByteLetters::append_bytes(std::string_view spelling, std::string& out) {
  const size_t before = out.size();
  out.resize(before + spelling.size());
  const char* end = write_bytes(spelling, out.data() + before);
  out.resize(end ? static_cast<size_t>(end - out.data()) : before);
  return end != nullptr;
}

}  // namespace headrace::text
