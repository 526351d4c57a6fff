#pragma once

#include <cstdint>

namespace headrace::unicode {

/// General categories of the Unicode character database.
enum class Category : uint8_t {
  Lu, Ll, Lt, Lm, Lo, Mn, Mc, Me, Nd, Nl, No, Pc, Pd, Ps, Pe,
  Pi, Pf, Po, Sm, Sc, Sk, So, Zs, Zl, Zp, Cc, Cf, Cs, Co, Cn
};

/// The version of Unicode that the tables hold, e.g. "16.0.0".
extern const char* const kVersion;

/// A set of categories, one bit each; bit 31 is the property White_Space, so that
/// one `and` answers every class that tokenizer patterns use.
using ClassMask = uint32_t;

constexpr ClassMask bit(Category category) { return ClassMask{1} << static_cast<uint8_t>(category); }

inline constexpr ClassMask kUpper = bit(Category::Lu);
inline constexpr ClassMask kLower = bit(Category::Ll);
inline constexpr ClassMask kTitle = bit(Category::Lt);
inline constexpr ClassMask kModifierLetter = bit(Category::Lm);
inline constexpr ClassMask kOtherLetter = bit(Category::Lo);
inline constexpr ClassMask kLetter = kUpper | kLower | kTitle | kModifierLetter | kOtherLetter;
inline constexpr ClassMask kMark = bit(Category::Mn) | bit(Category::Mc) | bit(Category::Me);
inline constexpr ClassMask kNumber = bit(Category::Nd) | bit(Category::Nl) | bit(Category::No);
inline constexpr ClassMask kPunctuation = bit(Category::Pc) | bit(Category::Pd) | bit(Category::Ps) |
                                          bit(Category::Pe) | bit(Category::Pi) | bit(Category::Pf) |
                                          bit(Category::Po);
inline constexpr ClassMask kSymbol = bit(Category::Sm) | bit(Category::Sc) | bit(Category::Sk) | bit(Category::So);
inline constexpr ClassMask kWhiteSpace = ClassMask{1} << 31;

namespace detail {
inline constexpr uint32_t kBlockSize = 128;
extern const uint16_t kBlockOf[];
extern const uint8_t kProperties[];
inline uint8_t properties(char32_t c) {
  return kProperties[kBlockOf[c / kBlockSize] * kBlockSize + c % kBlockSize];
}
}  // namespace detail

/// Returns the category of a code point; Cn beyond U+10FFFF.
inline Category category(char32_t c) {
  return c > 0x10FFFF ? Category::Cn : static_cast<Category>(detail::properties(c) & 0x1F);
}

/// Returns the bit of the code point's category, and kWhiteSpace if it is white space.
inline ClassMask class_of(char32_t c) {
  if (c > 0x10FFFF) return bit(Category::Cn);
  const uint8_t properties = detail::properties(c);
  return (ClassMask{1} << (properties & 0x1F)) | (ClassMask{properties & 0x20u} << 26);
}

}  // namespace headrace::unicode
