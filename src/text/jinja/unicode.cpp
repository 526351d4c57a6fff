#include "text/jinja/unicode.h"

#include <utf8proc.h>

#include <algorithm>

#include "text/jinja/special_case.h"

namespace headrace::text::jinja {
namespace {

constexpr uint32_t kInvalid = 0x110000;

bool continues(std::string_view text, size_t position, uint8_t low = 0x80, uint8_t high = 0xbf) {
  if (position >= text.size()) return false;
  const auto byte = static_cast<uint8_t>(text[position]);
  return byte >= low && byte <= high;
}

uint32_t low_bits(std::string_view text, size_t position) { return static_cast<uint8_t>(text[position]) & 0x3fu; }

utf8proc_category_t category(uint32_t code_point) {
  return code_point < kInvalid ? utf8proc_category(static_cast<utf8proc_int32_t>(code_point)) : UTF8PROC_CATEGORY_CN;
}

const SpecialCase* find_special(uint32_t code_point) {
  if (code_point < 0xdf) return nullptr;
  const auto cases = special_cases();
  const auto found = std::ranges::lower_bound(cases, code_point, {}, &SpecialCase::code_point);
  return found != cases.end() && found->code_point == code_point ? &*found : nullptr;
}

void append_all(std::string& text, const uint32_t (&code_points)[3]) {
  for (const uint32_t code_point : code_points)
    if (code_point) append_code_point(text, code_point);
}

void append_upper(std::string& text, uint32_t code_point) {
  if (code_point < 0x80) {
    text += static_cast<char>(code_point >= 'a' && code_point <= 'z' ? code_point - 32 : code_point);
  } else if (const SpecialCase* special = find_special(code_point)) {
    append_all(text, special->upper);
  } else {
    append_code_point(text, code_point < kInvalid ? static_cast<uint32_t>(utf8proc_toupper(static_cast<int>(code_point)))
                                                  : code_point);
  }
}

void append_title(std::string& text, uint32_t code_point) {
  if (code_point < 0x80) return append_upper(text, code_point);
  if (const SpecialCase* special = find_special(code_point)) return append_all(text, special->title);
  append_code_point(text, code_point < kInvalid ? static_cast<uint32_t>(utf8proc_totitle(static_cast<int>(code_point)))
                                                : code_point);
}

bool is_case_ignorable(uint32_t code_point) {
  switch (category(code_point)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return code_point == '\'' || code_point == '.' || code_point == ':' || code_point == 0xb7 || code_point == 0x2019;
  }
}

// A capital sigma is final where a cased letter comes before it and none after.
bool is_final_sigma(std::string_view text, size_t start, size_t end) {
  size_t before = start;
  while (before > 0) {
    before = previous_start(text, before);
    const uint32_t code_point = decode_at(text, before).value;
    if (is_case_ignorable(code_point)) continue;
    if (!is_cased(code_point)) return false;
    for (size_t after = end; after < text.size();) {
      const CodePoint next = decode_at(text, after);
      if (!is_case_ignorable(next.value)) return !is_cased(next.value);
      after += next.size;
    }
    return true;
  }
  return false;
}

void append_lower(std::string& text, std::string_view source, size_t position, CodePoint point) {
  const uint32_t code_point = point.value;
  if (code_point < 0x80) {
    text += static_cast<char>(code_point >= 'A' && code_point <= 'Z' ? code_point + 32 : code_point);
  } else if (code_point == 0x130) {
    text += "i\u0307";
  } else if (code_point == 0x3a3) {
    text += is_final_sigma(source, position, position + point.size) ? "ς" : "σ";
  } else {
    append_code_point(text, code_point < kInvalid ? static_cast<uint32_t>(utf8proc_tolower(static_cast<int>(code_point)))
                                                  : code_point);
  }
}

template <class Append>
std::string map_code_points(std::string_view text, Append append) {
  std::string mapped;
  mapped.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    append(mapped, i, point);
    i += point.size;
  }
  return mapped;
}

}  // namespace

CodePoint decode_at(std::string_view text, size_t position) {
  const auto lead = static_cast<uint8_t>(text[position]);
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xc2 && lead <= 0xdf && continues(text, position + 1))
    return {(lead & 0x1fu) << 6 | low_bits(text, position + 1), 2};
  if (lead >= 0xe0 && lead <= 0xef &&
      continues(text, position + 1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) &&
      continues(text, position + 2))
    return {(lead & 0xfu) << 12 | low_bits(text, position + 1) << 6 | low_bits(text, position + 2), 3};
  if (lead >= 0xf0 && lead <= 0xf4 &&
      continues(text, position + 1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) &&
      continues(text, position + 2) && continues(text, position + 3))
    return {(lead & 7u) << 18 | low_bits(text, position + 1) << 12 | low_bits(text, position + 2) << 6 |
                low_bits(text, position + 3),
            4};
  return {kInvalid + lead, 1};
}

size_t previous_start(std::string_view text, size_t position) {
  for (size_t back = 1; back <= 4 && back <= position; ++back) {
    const size_t start = position - back;
    if ((static_cast<uint8_t>(text[start]) & 0xc0) == 0x80) continue;
    if (decode_at(text, start).size == back) return start;
    break;
  }
  return position - 1;
}

size_t count_code_points(std::string_view text) {
  size_t high = 0;
  for (const char byte : text) high += static_cast<uint8_t>(byte) >> 7;
  if (high == 0) return text.size();
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++count) i += decode_at(text, i).size;
  return count;
}

bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    if (point.value >= kInvalid) return false;
    i += point.size;
  }
  return true;
}

size_t byte_offset(std::string_view text, size_t index) {
  size_t position = 0;
  for (; index > 0 && position < text.size(); --index) position += decode_at(text, position).size;
  return position;
}

void append_code_point(std::string& text, uint32_t code_point) {
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xc0 | code_point >> 6);
    text += static_cast<char>(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xe0 | code_point >> 12);
    text += static_cast<char>(0x80 | (code_point >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code_point & 0x3f));
  } else if (code_point < kInvalid) {
    text += static_cast<char>(0xf0 | code_point >> 18);
    text += static_cast<char>(0x80 | (code_point >> 12 & 0x3f));
    text += static_cast<char>(0x80 | (code_point >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code_point & 0x3f));
  } else {
    text += static_cast<char>(code_point - kInvalid);
  }
}

bool is_space(uint32_t code_point) {
  if (code_point < 0x80) return code_point == ' ' || (code_point >= 9 && code_point <= 13) ||
                                (code_point >= 0x1c && code_point <= 0x1f);
  return code_point == 0x85 || code_point == 0xa0 || code_point == 0x1680 ||
         (code_point >= 0x2000 && code_point <= 0x200a) || code_point == 0x2028 || code_point == 0x2029 ||
         code_point == 0x202f || code_point == 0x205f || code_point == 0x3000;
}

std::string to_upper(std::string_view text) {
  return map_code_points(text, [](std::string& out, size_t, CodePoint point) { append_upper(out, point.value); });
}

std::string to_lower(std::string_view text) {
  return map_code_points(text, [text](std::string& out, size_t at, CodePoint point) {
    append_lower(out, text, at, point);
  });
}

std::string to_title(std::string_view text) {
  bool after_cased = false;
  return map_code_points(text, [&](std::string& out, size_t at, CodePoint point) {
    if (after_cased) {
      append_lower(out, text, at, point);
    } else {
      append_title(out, point.value);
    }
    after_cased = is_cased(point.value);
  });
}

std::string to_capitalized(std::string_view text) {
  return map_code_points(text, [text](std::string& out, size_t at, CodePoint point) {
    if (at == 0) {
      append_title(out, point.value);
    } else {
      append_lower(out, text, at, point);
    }
  });
}

std::string swap_case(std::string_view text) {
  return map_code_points(text, [text](std::string& out, size_t at, CodePoint point) {
    if (is_uppercase(point.value)) {
      append_lower(out, text, at, point);
    } else if (is_lowercase(point.value)) {
      append_upper(out, point.value);
    } else {
      append_code_point(out, point.value);
    }
  });
}

bool is_cased(uint32_t code_point) {
  return is_uppercase(code_point) || is_lowercase(code_point) || is_titlecase(code_point);
}

bool is_uppercase(uint32_t code_point) {
  if (code_point < 0x80) return code_point >= 'A' && code_point <= 'Z';
  return category(code_point) == UTF8PROC_CATEGORY_LU || (code_point >= 0x2160 && code_point <= 0x216f) ||
         (code_point >= 0x24b6 && code_point <= 0x24cf);
}

bool is_lowercase(uint32_t code_point) {
  if (code_point < 0x80) return code_point >= 'a' && code_point <= 'z';
  return category(code_point) == UTF8PROC_CATEGORY_LL || code_point == 0xaa || code_point == 0xba ||
         (code_point >= 0x2170 && code_point <= 0x217f) || (code_point >= 0x24d0 && code_point <= 0x24e9);
}

bool is_titlecase(uint32_t code_point) { return category(code_point) == UTF8PROC_CATEGORY_LT; }

bool is_alphabetic(uint32_t code_point) {
  const utf8proc_category_t found = category(code_point);
  return found >= UTF8PROC_CATEGORY_LU && found <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(uint32_t code_point) { return category(code_point) == UTF8PROC_CATEGORY_ND; }

bool is_digit(uint32_t code_point) {
  return is_decimal(code_point) || code_point == 0xb2 || code_point == 0xb3 || code_point == 0xb9 ||
         code_point == 0x2070 || (code_point >= 0x2074 && code_point <= 0x2079) ||
         (code_point >= 0x2080 && code_point <= 0x2089);
}

bool is_numeric(uint32_t code_point) {
  const utf8proc_category_t found = category(code_point);
  return found >= UTF8PROC_CATEGORY_ND && found <= UTF8PROC_CATEGORY_NO;
}

bool is_printable(uint32_t code_point) {
  if (code_point == ' ') return true;
  switch (category(code_point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

namespace {

template <class InSet>
std::string_view strip_where(std::string_view text, bool left, bool right, InSet in_set) {
  while (left && !text.empty()) {
    const CodePoint point = decode_at(text, 0);
    if (!in_set(point.value)) break;
    text.remove_prefix(point.size);
  }
  while (right && !text.empty()) {
    const size_t start = previous_start(text, text.size());
    if (!in_set(decode_at(text, start).value)) break;
    text.remove_suffix(text.size() - start);
  }
  return text;
}

}  // namespace

std::string_view strip(std::string_view text, bool left, bool right) {
  return strip_where(text, left, right, is_space);
}

std::string_view strip(std::string_view text, std::string_view set, bool left, bool right) {
  return strip_where(text, left, right, [set](uint32_t code_point) {
    for (size_t i = 0; i < set.size();) {
      const CodePoint point = decode_at(set, i);
      if (point.value == code_point) return true;
      i += point.size;
    }
    return false;
  });
}

}  // namespace headrace::text::jinja
