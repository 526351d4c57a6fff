#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Looking for the next byte of a kind in a JSON text.
///
/// PERF: a vocabulary is 300,000 short strings and as many runs of white space: mostly one look at 16 bytes each.
namespace headrace::text::json_scan {

inline bool is_white_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
inline bool ends_natural(char c) { return c == ',' || c == '}' || c == ']' || is_white_space(c); }

/// The first byte that is no white space.
inline const char* white_space_end(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const auto is = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const __m128i white = _mm_or_si128(_mm_or_si128(is(' '), is('\n')), _mm_or_si128(is('\t'), is('\r')));
    const auto other = static_cast<uint32_t>(_mm_movemask_epi8(white)) ^ 0xFFFFu;
    if (other != 0) return p + std::countr_zero(other);
  }
#endif
  while (p < end && is_white_space(*p)) ++p;
  return p;
}

/// The first byte of a string that is not plain text: a quote, a backslash or a control character.
inline const char* string_stop(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i greatest_control = _mm_set1_epi8(0x1F);
    const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i controls = _mm_cmpeq_epi8(_mm_max_epu8(bytes, greatest_control), greatest_control);
    const auto stops = static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)));
    if (stops != 0) return p + std::countr_zero(stops);
  }
#endif
  while (p < end && *p != '"' && *p != '\\' && static_cast<uint8_t>(*p) >= 0x20) ++p;
  return p;
}

}  // namespace headrace::text::json_scan
