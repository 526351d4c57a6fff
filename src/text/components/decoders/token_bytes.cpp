#include "text/components/decoders/token_bytes.h"

#include <array>
#include <cstdint>

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// The byte of each byte letter, −1 for other characters; letters lie below U+0144.
constexpr std::array<int16_t, 0x144> kByteOfLetter = [] {
  std::array<int16_t, 0x144> bytes{};
  bytes.fill(-1);
  int16_t next = 0x100;
  for (int16_t byte = 0; byte < 256; ++byte) {
    const bool itself = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    bytes[static_cast<size_t>(itself ? byte : next++)] = byte;
  }
  return bytes;
}();

}  // namespace

std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  // A sign is read as Rust reads it: "<0x+1>" is byte 1.
  const int high = token[3] == '+' ? 0 : digit(token[3]);
  const int low = digit(token[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high << 4 | low);
}

void append_bytes(std::string_view token, std::string& bytes) {
  const size_t before = bytes.size();
  for (size_t at = 0; at < token.size();) {
    uint32_t length = 0;
    const char32_t letter = utf8::decode(token.data() + at, length);
    if (letter >= kByteOfLetter.size() || kByteOfLetter[letter] < 0) {
      bytes.resize(before);
      bytes.append(token);
      return;
    }
    bytes.push_back(static_cast<char>(kByteOfLetter[letter]));
    at += length;
  }
}

}  // namespace headrace::text
