#include "frame/csv/repair_text.h"

#include <cstdint>

#include "text/utf8.h"

namespace headrace::frame::csv {
namespace {

/// Whether a second byte may follow the first one of a character of three or four bytes.
bool may_follow(uint8_t lead, uint8_t second) {
  if (lead == 0xE0) return second >= 0xA0 && second <= 0xBF;
  if (lead == 0xED) return second >= 0x80 && second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90 && second <= 0xBF;
  if (lead == 0xF4) return second >= 0x80 && second <= 0x8F;
  return lead >= 0xE0 && lead <= 0xF4 && second >= 0x80 && second <= 0xBF;
}

/// The length of the part that a text, which begins with no character, begins with.
size_t broken_part(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (text.size() < 2 || !may_follow(lead, static_cast<uint8_t>(text[1]))) return 1;
  return lead >= 0xF0 && text.size() > 2 && text::utf8::is_continuation(text[2]) ? 3 : 2;
}

}  // namespace

void append_repaired(std::string_view text, std::string& out) {
  for (;;) {
    const size_t valid = text::utf8::valid_prefix(text);
    out += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) return;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(broken_part(text));
  }
}

}  // namespace headrace::frame::csv
