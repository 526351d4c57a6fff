#include "frame/columns/utf8.h"

#include <cstdint>
#include <cstring>

namespace headrace::frame {
namespace {

/// Length of the character that begins here; 0 if none does.
size_t character_length(const uint8_t* at, size_t left) {
  const auto continues = [&](size_t i) { return i < left && (at[i] & 0xC0) == 0x80; };
  const uint8_t lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!continues(1) || !continues(2)) return 0;
    const bool overlong = lead == 0xE0 && at[1] < 0xA0, surrogate = lead == 0xED && at[1] >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead > 0xF4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  const bool overlong = lead == 0xF0 && at[1] < 0x90, beyond = lead == 0xF4 && at[1] >= 0x90;
  return overlong || beyond ? 0 : 4;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  while (left > 0) {
    // PERF: most text is ASCII, eight bytes of which are known by one look.
    uint64_t word = 0;
    if (left >= 8) {
      std::memcpy(&word, at, 8);
      if ((word & 0x8080808080808080) == 0) {
        at += 8;
        left -= 8;
        continue;
      }
    }
    const size_t length = character_length(at, left);
    if (length == 0) return false;
    at += length;
    left -= length;
  }
  return true;
}

}  // namespace headrace::frame
