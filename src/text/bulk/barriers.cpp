#include "text/bulk/barriers.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// A character of an entry, of which the entry may hold only the end or only the beginning.
struct Part {
  uint32_t begin, end;
  bool no_beginning, no_end;
};

/// How many bytes begin a character of several bytes, or could.
size_t count_leads(std::string_view bytes) {
  constexpr uint64_t kHigh = 0x8080808080808080u;
  size_t count = 0;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    count += static_cast<size_t>(std::popcount(word & word << 1 & kHigh));
  }
  for (const char c : bytes) count += static_cast<uint8_t>(c) >= 0xC0;
  return count;
}

Part part_at(std::string_view bytes, uint32_t at) {
  Part part{at, at + 1, utf8::is_continuation(bytes[at]), false};
  const uint32_t length = part.no_beginning ? 4 : utf8::length_by_lead(bytes[at]);
  while (part.end < bytes.size() && part.end < at + length && utf8::is_continuation(bytes[part.end])) ++part.end;
  part.no_end = !part.no_beginning && part.end < at + length;
  return part;
}

}  // namespace

/// Sixteen bits a pair at most: few are joined by chance.
void Barriers::make_room(size_t pairs) {
  const int bits = std::clamp(static_cast<int>(std::bit_width(pairs * 4)), 10, 22);
  shift_ = 32 - static_cast<uint32_t>(bits);
  joined_ = TableArray<uint64_t>(size_t{1} << (bits - 6));
}

Barriers::Barriers(std::span<const std::string_view> entries) : open_left_(1024), open_right_(1024), ascii_(256) {
  size_t wide = 0;
  for (const std::string_view entry : entries) wide += entry.size() / 3;
  make_room(wide);
  for (const std::string_view entry : entries) {
    uint32_t length;
    char32_t left = utf8::decode(entry.data(), length);
    for (size_t at = length; at < entry.size(); at += length) {
      const char32_t right = utf8::decode(entry.data() + at, length);
      if ((is_wide(left) || is_wide(right)) && left < 0x10000 && right < 0x10000) set(joined_, place(left, right));
      left = right;
    }
  }
}

Barriers::Barriers(std::span<const BulkEntry> entries) : open_left_(1024), open_right_(1024), ascii_(256) {
  size_t wide = 0;
  for (const BulkEntry& entry : entries) wide += count_leads(entry.bytes);
  make_room(wide);
  std::vector<uint8_t> ascii(1 << 14);  // by pair
  for (const BulkEntry& entry : entries) {
    const char* bytes = entry.bytes.data();
    const auto size = static_cast<uint32_t>(entry.bytes.size());
    for (uint32_t at = 0; at + 1 < size;) {
      const auto first = static_cast<uint8_t>(bytes[at]), second = static_cast<uint8_t>(bytes[at + 1]);
      if ((first | second) < 0x80) {
        ascii[static_cast<uint32_t>(first) << 7 | second] = 1;
        ++at;
        continue;
      }
      const Part left = part_at(entry.bytes, at);
      at = left.end;
      if (at == entry.bytes.size()) break;
      const Part right = part_at(entry.bytes, at);
      uint32_t length;
      const bool left_whole = !left.no_beginning && !left.no_end, right_whole = !right.no_end && !right.no_beginning;
      const char32_t before = left_whole ? utf8::decode(bytes + left.begin, length) : 0x10FFFF;
      const char32_t after = right_whole ? utf8::decode(bytes + right.begin, length) : 0x10FFFF;
      if (left_whole && right_whole) {
        if (before < 0x10000 && after < 0x10000) set(joined_, place(before, after));
      } else if (left_whole) {
        if (before < 0x10000) set(open_right_, before);
      } else if (right_whole) {
        if (after < 0x10000) set(open_left_, after);
      } else {
        // Parts on both sides: every character that begins as the right one does.
        const uint32_t size = right.end - right.begin;
        const auto lead = static_cast<uint8_t>(bytes[right.begin]);
        if (utf8::length_by_lead(bytes[right.begin]) > 3) continue;
        const bool two = lead < 0xE0;
        uint32_t start = two ? (lead & 0x1Fu) << 6 : (lead & 0x0Fu) << 12, count = two ? 64 : 4096;
        if (!two && size == 2) start |= (static_cast<uint8_t>(bytes[right.begin + 1]) & 0x3Fu) << 6, count = 64;
        for (uint32_t c = start; c < start + count; ++c) set(open_left_, c);
      }
    }
  }
  for (uint32_t pair = 0; pair < ascii.size(); ++pair) {
    if (ascii[pair]) set(ascii_, pair);
  }
}

/// PERF: half of all boundaries are barriers, so nothing branches on whether one is.
void Barriers::cut_wide(SplitChunk& chunk) const {
  const uint8_t* text = chunk.text;
  const auto mark = [&](size_t at, bool barrier) { chunk.starts[at / 64] |= uint64_t{barrier} << (at % 64); };
  for (size_t w = 0, at = 0; w < chunk.blocks; ++w) {
    while (at < w * 64 + 64) {
      const size_t skipped = at > w * 64 ? at - w * 64 : 0;
      const uint64_t left = chunk.high[w] >> skipped << skipped;
      if (!left) break;
      at = w * 64 + static_cast<size_t>(std::countr_zero(left));
      if (at >= chunk.size) return;
      // Zero: the character before is none that a barrier can follow.
      char32_t before = at > 0 && text[at - 1] < 0x80 ? text[at - 1] : 0;
      bool wide_before = false;
      for (; at < chunk.size && text[at] >= 0x80;) {
        const uint8_t lead = text[at];
        if (lead < 0xE0) {
          const char32_t here = (lead & 0x1Fu) << 6 | (text[at + 1] & 0x3Fu);
          if (wide_before) mark(at, between(before, here));
          before = here;
          wide_before = false;
          at += 2;
        } else if (lead < 0xF0) {
          const char32_t here = (lead & 0x0Fu) << 12 | (text[at + 1] & 0x3Fu) << 6 | (text[at + 2] & 0x3Fu);
          mark(at, between_wide(before, here) & (before != 0));
          before = here;
          wide_before = true;
          at += 3;
        } else {
          before = 0;
          wide_before = false;
          at += 4;
        }
      }
      if (at >= chunk.size) return;
      if (wide_before) mark(at, between(before, text[at]));
    }
  }
}

/// PERF: two nanoseconds for four bytes of ASCII, whose exact table lies in the first cache level; nothing branches on
/// whether there is a barrier.
void Barriers::cut_everywhere(SplitChunk& chunk, char32_t space_too) const {
  const uint8_t* text = chunk.text;
  const auto read = [&](size_t at, uint32_t& length) {
    const char32_t c = utf8::decode(reinterpret_cast<const char*>(text + at), length);
    return c == space_too ? U' ' : c;
  };
  char32_t before = 0x10FFFF;  // a barrier at the chunk's beginning is its caller's affair
  for (size_t w = 0, at = 0; w < chunk.blocks; ++w) {
    const size_t end = std::min(w * 64 + 64, chunk.size);
    uint64_t bits = 0;
    if (chunk.high[w] == 0 && before < 0x80) {
      auto left = static_cast<uint32_t>(before);
      for (; at < end; ++at) {
        const uint32_t right = text[at];
        bits |= uint64_t{!bit(ascii_.data(), left << 7 | right)} << (at % 64);
        left = right;
      }
      before = left;
    } else {
      for (uint32_t length = 1; at < end; at += length) {
        char32_t here = text[at];
        length = 1;
        if (here >= 0x80) here = read(at, length);
        bits |= uint64_t{between(before, here)} << (at % 64);
        before = here;
      }
    }
    chunk.starts[w] |= bits;
  }
}

}  // namespace headrace::text
