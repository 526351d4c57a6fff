#include "text/unicode/utf8.h"

#include <bit>
#include <cstring>

#include "text/unicode/utf8_kernels.h"

namespace headrace::text::utf8 {
namespace {

/// The allowed range of a character's second byte and its length, by first byte.
struct LeadRule {
  uint8_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
};

LeadRule rule_of(uint8_t lead) {
  if (lead < 0xC2 || lead > 0xF4) return {};
  if (lead < 0xE0) return {2};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};  // no surrogates
  if (lead < 0xF0) return {3};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {4};
}

/// Passes over valid characters of two and three bytes, four bytes of text at a look.
size_t skip_wide(std::string_view bytes, size_t at) {
  while (at + 4 <= bytes.size()) {
    uint32_t word;
    std::memcpy(&word, bytes.data() + at, 4);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
    if ((word & 0xC0C0F0) == 0x8080E0) {
      const uint32_t lead = word & 0x0F;
      const bool upper_half = word & 0x2000;
      if ((lead == 0 && !upper_half) || (lead == 0xD && upper_half)) break;  // too long, or a surrogate
      at += 3;
    } else if ((word & 0xC0E0) == 0x80C0 && (word & 0x1E) != 0) {
      at += 2;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

Sequence examine(std::string_view bytes) {
  const auto lead = static_cast<uint8_t>(bytes[0]);
  if (lead < 0x80) return {Form::Valid, 1};
  const LeadRule rule = rule_of(lead);
  if (rule.length == 0) return {Form::Invalid, 1};
  for (uint32_t i = 1; i < rule.length; ++i) {
    if (i == bytes.size()) return {Form::Incomplete, i};
    const auto byte = static_cast<uint8_t>(bytes[i]);
    const bool fits = i == 1 ? byte >= rule.low && byte <= rule.high : (byte & 0xC0) == 0x80;
    if (!fits) return {Form::Invalid, i};
  }
  return {Form::Valid, rule.length};
}

/// PERF: short texts, which most are, are not worth a call.
size_t valid_prefix(std::string_view bytes) {
  constexpr size_t kLong = 128;
  return valid_prefix(bytes, bytes.size() < kLong ? utf8_portable::kKernels : utf8_kernels());
}

size_t valid_prefix(std::string_view bytes, const Utf8Kernels& kernels) {
  size_t at = 64 * kernels.valid_blocks(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size() / 64);
  // The block may have ended within a character.
  if (at > 0) --at;
  while (at > 0 && is_continuation(bytes[at])) --at;
  while (at < bytes.size()) {
    while (at + 8 <= bytes.size()) {  // eight ASCII bytes at a time
      uint64_t word;
      std::memcpy(&word, bytes.data() + at, 8);
      const uint64_t wide = word & 0x8080808080808080u;
      if (wide == 0) {
        at += 8;
        continue;
      }
      if constexpr (std::endian::native == std::endian::little) at += static_cast<size_t>(std::countr_zero(wide)) / 8;
      break;
    }
    at = skip_wide(bytes, at);
    if (at == bytes.size()) break;
    const Sequence next = examine(bytes.substr(at));
    if (next.form != Form::Valid) break;
    at += next.length;
  }
  return at;
}

void append_replacement(std::string& out, size_t length, Repair repair) {
  const size_t count = repair == Repair::EachByte ? length : 1;
  for (size_t i = 0; i < count; ++i) out += kReplacement;
}

size_t append_repaired(std::string& out, std::string_view bytes, Repair repair) {
  while (!bytes.empty()) {
    const size_t valid = valid_prefix(bytes);
    out.append(bytes.substr(0, valid));
    bytes.remove_prefix(valid);
    if (bytes.empty()) break;
    const Sequence next = examine(bytes);
    if (next.form == Form::Incomplete) return next.length;
    append_replacement(out, next.length, repair);
    bytes.remove_prefix(next.length);
  }
  return 0;
}

}  // namespace headrace::text::utf8
