#include "text/bulk/piece_splitter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "text/bulk/start_algebra.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

bool bit_at(const uint64_t* bits, size_t at) { return bits[at / 64] >> (at % 64) & 1; }

void keep_below(uint64_t* bits, size_t end, size_t words) {
  if (end / 64 >= words) return;
  bits[end / 64] &= ~(~uint64_t{0} << (end % 64));
  for (size_t w = end / 64 + 1; w < words; ++w) bits[w] = 0;
}

void clear(uint64_t* bits, size_t begin, size_t end) {
  for (; begin < end && begin % 64; ++begin) bits[begin / 64] &= ~(uint64_t{1} << (begin % 64));
  for (; begin + 64 <= end; begin += 64) bits[begin / 64] = 0;
  for (; begin < end; ++begin) bits[begin / 64] &= ~(uint64_t{1} << (begin % 64));
}

/// The last bit at or before `at`; bit 0 is set.
size_t last_bit(const uint64_t* bits, size_t at) {
  size_t w = at / 64;
  uint64_t word = bits[w] & (~uint64_t{0} >> (63 - at % 64));
  while (!word) word = bits[--w];
  return w * 64 + 63 - static_cast<size_t>(std::countl_zero(word));
}

/// Sets `chunk.text` and `size`: a stretch of whole characters.
void take(std::string_view text, size_t from, SplitChunk& chunk) {
  const size_t left = text.size() - from;
  chunk.text = reinterpret_cast<const uint8_t*>(text.data()) + from;
  chunk.size = std::min(left, SplitChunk::kBytes);
  if (left < SplitChunk::kBytes + 128) {
    std::memcpy(chunk.padded, chunk.text, chunk.size);
    std::memset(chunk.padded + chunk.size, 0, std::min<size_t>(128, sizeof chunk.padded - chunk.size));
    chunk.text = chunk.padded;
  }
  if (left > chunk.size) {
    while (utf8::is_continuation(text[from + chunk.size])) --chunk.size;
  }
  chunk.blocks = (chunk.size + 63) / 64;
}

}  // namespace

PieceSplitter::PieceSplitter(const SplitRules& rules, const SplitKernels& kernels)
    : rules_(rules), kernels_(&kernels), codes_(&CharacterCodes::of(rules)), scanner_(make_scanner(rules)) {}

/// PERF: a third of a nanosecond a byte for Chinese; texts that are not ASCII spend several
/// times that on their tokens.
void PieceSplitter::encode_characters(SplitChunk& chunk, bool more) const {
  const uint8_t* text = chunk.text;
  uint8_t* codes = chunk.codes;
  kernels_->classify(text, chunk.blocks, codes_->ascii(), codes, chunk.high, chunk.continuation);
  size_t at = 0;
  for (size_t w = 0; w < chunk.blocks; ++w) {
    for (;;) {
      const size_t skipped = at > w * 64 ? at - w * 64 : 0;
      if (skipped >= 64) break;
      const uint64_t left = chunk.high[w] >> skipped << skipped;
      if (!left) break;
      at = w * 64 + static_cast<size_t>(std::countr_zero(left));
      while (at < chunk.size && text[at] >= 0x80) {
        const uint8_t lead = text[at];
        if (lead < 0xE0) {
          codes[at] = codes[at + 1] = codes_->of_two(lead, text[at + 1]);
          at += 2;
        } else if (lead < 0xF0) {
          codes[at] = codes[at + 1] = codes[at + 2] = codes_->of_three(lead, text[at + 1], text[at + 2]);
          at += 3;
        } else {
          uint32_t length;
          const char32_t c = utf8::decode(reinterpret_cast<const char*>(text + at), length);
          std::memset(codes + at, codes_->of_four(c), 4);
          at += 4;
        }
      }
      if (at >= chunk.size) break;
    }
  }
  if (more || chunk.size % 64) std::memset(codes + chunk.size, 0, chunk.blocks * 64 - chunk.size);
  kernels_->planes(codes, chunk.blocks, chunk.planes);
  chunk.planes[chunk.blocks] = {};
}

void PieceSplitter::resolve(std::string_view text, size_t from, SplitChunk& chunk) const {
  size_t done = 0;
  for (size_t w = 0; w < chunk.blocks; ++w) {
    for (uint64_t unsure = chunk.unsure[w]; unsure; unsure &= unsure - 1) {
      const size_t place = w * 64 + static_cast<size_t>(std::countr_zero(unsure));
      if (place < done || place >= chunk.size) continue;
      // Whether a piece begins at this very place may be what is unsure.
      size_t at = last_bit(chunk.starts, place > 0 ? place - 1 : 0);
      for (bool agreed = false; !agreed || at <= place;) {
        const size_t end = scanner_->piece_end(text, from + at) - from;
        if (end >= chunk.size) {
          clear(chunk.starts, at + 1, chunk.blocks * 64);
          return;
        }
        agreed = bit_at(chunk.starts, end);
        clear(chunk.starts, at + 1, end);
        chunk.starts[end / 64] |= uint64_t{1} << (end % 64);
        at = end;
      }
      done = at;
    }
  }
}

size_t PieceSplitter::cut(std::string_view text, size_t from, SplitChunk& chunk) const {
  take(text, from, chunk);
  const bool more = from + chunk.size < text.size();
  encode_characters(chunk, more);
  std::visit([&](const auto& rules) { find_starts(rules, chunk); }, rules_);
  keep_below(chunk.starts, chunk.size, chunk.blocks);
  chunk.starts[0] |= 1;
  resolve(text, from, chunk);
  if (!more) return text.size();
  // What is cut off of a run of white space depends on what follows the run, and a contraction
  // is longer than the apostrophe.
  constexpr size_t kLookAhead = 8;
  size_t run = chunk.size;
  while (run > 0 && (chunk.codes[run - 1] & code::kWhiteSpace)) --run;
  const size_t sure = std::min(run, chunk.size - kLookAhead);
  const size_t end = last_bit(chunk.starts, sure);
  if (end == 0) {
    chunk.blocks = 0;
    const size_t piece_end = scanner_->piece_end(text, from);
    chunk.size = piece_end - from;
    return piece_end;
  }
  keep_below(chunk.starts, end, chunk.blocks);
  chunk.size = end;
  chunk.blocks = (end + 63) / 64;
  return from + end;
}

}  // namespace headrace::text
