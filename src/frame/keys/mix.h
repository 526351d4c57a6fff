#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "frame/half.h"
#include "frame/int128.h"
#include "frame/view.h"

namespace headrace::frame {

/// Both halves of a product, folded: every bit of either factor reaches every bit.
inline uint64_t mix(uint64_t left, uint64_t right) {
  const UInt128 product = static_cast<UInt128>(left) * right;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Odd numbers without a pattern: digits of the square roots of 2, 3 and 5.
inline constexpr uint64_t kMixFirst = 0x6A09E667F3BCC909, kMixSecond = 0xBB67AE8584CAA73B, kMixThird = 0x3C6EF372FE94F82B;

/// The first product spreads numbers that are close or share low zeros, which one fold alone leaves in patterns.
inline uint64_t hash_word(uint64_t word) {
  const uint64_t spread = (word ^ kMixFirst) * kMixSecond;
  return mix(spread ^ spread >> 32, kMixThird);
}
/// The hash of a row's first columns with that of the next.
inline uint64_t combine(uint64_t hash, uint64_t next) { return mix(std::rotl(hash, 29) ^ kMixThird, next ^ kMixFirst); }

/// The bits of one of the values that are equal: there is one zero and one NaN.
template <class T>
T canonical(T value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value) ? std::numeric_limits<T>::quiet_NaN() : value + T{0};
  return value;
}

inline uint64_t word_at(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, 8);
  return word;
}

inline uint64_t hash_bytes(std::string_view bytes) {
  if (bytes.size() <= View::kInside) {
    const View view = View::inside(bytes);
    return mix(word_at(reinterpret_cast<const char*>(&view)) ^ kMixFirst, word_at(view.rest.data()) ^ kMixSecond);
  }
  uint64_t hash = bytes.size() ^ kMixThird;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; end - at > 16; at += 16) hash = mix(word_at(at) ^ kMixFirst, word_at(at + 8) ^ hash);
  // The last bytes, some of them twice.
  const char* const last = bytes.size() >= 16 ? end - 16 : at;
  return mix(mix(word_at(last) ^ kMixSecond, word_at(end - 8) ^ hash), kMixFirst);
}

}  // namespace headrace::frame
