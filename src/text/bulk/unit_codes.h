#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace headrace::text {

/// What cutting a text into units must know of a character, one bit each.
namespace unit_code {
inline constexpr uint8_t kSpace = 1;    ///< separates words, or begins them (UnitCut)
inline constexpr uint8_t kSingle = 2;   ///< a word of its own
inline constexpr uint8_t kJoining = 4;  ///< belongs to what is before it, whatever that is
inline constexpr uint8_t kGlue = 8;     ///< so does what follows it
inline constexpr uint8_t kSolid = 16;   ///< something that is no white space is left of it
inline constexpr uint8_t kKnown = 32;   ///< stays as it is, and is an entry: there may be a barrier beside it
inline constexpr uint8_t kEasy = 64;    ///< becomes its form, whatever is beside it; only models ask
inline constexpr uint8_t kSame = 128;   ///< and that is itself
}  // namespace unit_code

/// The codes of characters, learnt in blocks when a text first has one of them. Thread-safe.
class UnitCodes {
 public:
  virtual ~UnitCodes() = default;

  /// Of a character of the basic plane.
  uint8_t of_basic(char32_t c) const {
    const uint8_t* codes = blocks_[c >> 8].load(std::memory_order_acquire);
    if (!codes) [[unlikely]] codes = learn(c >> 8);
    return codes[c & 0xFF];
  }
  /// Of others nothing is known.
  uint8_t of(char32_t c) const { return c < 0x10000 ? of_basic(c) : unit_code::kJoining; }

 protected:
  /// Puts the codes of a block's 256 characters into `blocks_`, and returns them.
  virtual const uint8_t* learn(uint32_t block) const = 0;

  mutable std::array<std::atomic<const uint8_t*>, 256> blocks_{};
};

}  // namespace headrace::text
