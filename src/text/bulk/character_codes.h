#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "text/pretokenize/split_rules.h"

namespace headrace::text {

/// What PieceSplitter must know of a character, one bit each. The last three bits mean what
/// the family needs.
namespace code {
inline constexpr uint8_t kLetter = 1;      ///< of a word: letters, and marks where the family has them in words
inline constexpr uint8_t kNumber = 2;
inline constexpr uint8_t kWhiteSpace = 4;
inline constexpr uint8_t kNewline = 8;     ///< \r and \n
inline constexpr uint8_t kSpace = 16;      ///< U+0020
inline constexpr uint8_t kApostrophe = 32; ///< all but DeepSeek; of characters that are no letters
inline constexpr uint8_t kUpper = 32;      ///< o200k: letters that are upper case only
inline constexpr uint8_t kLower = 64;      ///< o200k: letters that are lower case only
inline constexpr uint8_t kSlash = 64;      ///< o200k: "/"
inline constexpr uint8_t kMark = 128;      ///< o200k: marks (which are letters too)
inline constexpr uint8_t kSymbol = 32;     ///< DeepSeek: punctuation and symbols
inline constexpr uint8_t kHan = 64;        ///< DeepSeek: Han and kana: alone letters, with kSymbol anything else
}  // namespace code

/// The codes of all characters for one family, in tables by the bytes of their UTF-8.
class CharacterCodes {
 public:
  /// Made on first use and kept.
  static const CharacterCodes& of(const SplitRules& rules);

  const uint8_t* ascii() const { return ascii_.data(); }
  uint8_t of_two(uint8_t lead, uint8_t next) const { return two_[(lead & 0x1F) << 6 | (next & 0x3F)]; }
  uint8_t of_three(uint8_t lead, uint8_t second, uint8_t third) const {
    return blocks_[block_of_[(lead & 0x0F) << 6 | (second & 0x3F)] << 6 | (third & 0x3F)];
  }
  uint8_t of_four(char32_t c) const;

  using CodeOf = uint8_t (*)(char32_t);
  explicit CharacterCodes(CodeOf code_of);

 private:
  CodeOf code_of_;
  std::array<uint8_t, 128> ascii_{};
  std::array<uint8_t, 2048> two_{};
  std::array<uint16_t, 1024> block_of_{};
  std::vector<uint8_t> blocks_;  // of 64 characters that share all but their last byte
};

}  // namespace headrace::text
