#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/components.h"

namespace headrace::text {

/// What a normalizer makes of each character of the basic plane by itself: learnt by sending
/// all of them through it, so nothing is written twice.
class CharacterForms {
 public:
  static constexpr char32_t kCount = 0x10000;

  /// `normalizer` may be null. None where it fails, or where a text's parts are not normalised alike.
  static std::optional<CharacterForms> of(const NormalizerStage* normalizer);

  bool is_changed(char32_t c) const { return place_of_[c] != kSame; }
  /// The form of a character that is changed; empty: it is removed, or depends on what is beside it.
  std::string_view changed(char32_t c) const { return std::string_view(text_).substr(place_of_[c] >> 8, place_of_[c] & 0xFF); }
  std::string form(char32_t c) const;

 private:
  static constexpr uint32_t kSame = ~uint32_t{0};

  CharacterForms() : place_of_(kCount, kSame) {}
  bool learn(const NormalizerStage& normalizer, char32_t first, char32_t last);
  void set(char32_t c, std::string_view form);

  std::vector<uint32_t> place_of_;  // by character: where in text_, and how long
  std::string text_;
};

}  // namespace headrace::text
