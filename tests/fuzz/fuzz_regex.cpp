// Any bytes as a pattern and as a text: what compiles matches within the text, in order
// and between characters; what does not is an error with a message.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalized_string.h"
#include "text/regex.h"

namespace {

using namespace headrace::text;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Whether every character begins and ends where UTF-8 says so.
bool is_valid_utf8(std::string_view text) {
  const auto regex = Regex::compile(text);  // patterns must be valid as well
  return regex || regex.error().message != "The pattern is not valid UTF-8.";
}

bool is_between_characters(std::string_view text, uint32_t at) {
  return at <= text.size() && (at == text.size() || (static_cast<uint8_t>(text[at]) & 0xC0) != 0x80);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data + 1), size - 1);
  const size_t length = data[0] % (all.size() + 1);
  const std::string_view pattern = all.substr(0, length), text = all.substr(length);
  const auto regex = Regex::compile(pattern, {.match_steps = 20'000, .pattern_bytes = 4096, .depth = 100});
  if (!regex) {
    require(!regex.error().message.empty());
    return 0;
  }
  if (!is_valid_utf8(text)) return 0;
  std::vector<Offset> matches;
  if (!regex->find_all(text, matches)) return 0;
  uint32_t done = 0;
  for (const Offset& match : matches) {
    require(is_between_characters(text, match.begin) && is_between_characters(text, match.end));
    require(match.begin <= match.end && done <= match.end);
    done = match.end;
  }
  const auto parts = find_regex(*regex)(text);
  require(parts.has_value() && !parts->empty());
  return 0;
}
