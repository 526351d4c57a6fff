#include "text/bulk/start_algebra.h"

#include <bit>

namespace headrace::text {
namespace {

// Bits of the codes (character_codes.h), as planes.
constexpr int kLetterPlane = 0, kNumberPlane = 1, kWhiteSpacePlane = 2, kNewlinePlane = 3, kSpacePlane = 4;

/// A bitmap seen word by word from the first: what is left of the word before is shifted in.
struct Previous {
  uint64_t word = 0;
  /// Bit i of the result is bit i - 1 of the bitmap.
  uint64_t after(uint64_t bits) {
    const uint64_t shifted = bits << 1 | word >> 63;
    word = bits;
    return shifted;
  }
};

/// Moves markers over the bits of a mask that they stand on, to the first position without.
struct ScanThrough {
  uint64_t carry = 0;
  uint64_t operator()(uint64_t markers, uint64_t mask) {
    // A marker that comes over from the word before stands on bit 0.
    const uint64_t on = (markers | carry) & mask;
    const uint64_t off = (markers | carry) & ~mask;
    const uint64_t sum = on + mask;
    carry = sum < mask;
    return (sum & ~mask) | off;
  }
};

void set(uint64_t* bits, size_t at) { bits[at / 64] |= uint64_t{1} << (at % 64); }

/// Marks the beginning of the character of white space that ends at each of `ends`, which are
/// the last bytes of characters.
void mark_last_characters(SplitChunk& chunk, size_t w, uint64_t ends) {
  chunk.starts[w] |= ends & ~chunk.high[w];
  for (uint64_t wide = ends & chunk.high[w]; wide; wide &= wide - 1) {
    size_t at = w * 64 + static_cast<size_t>(std::countr_zero(wide));
    while (at > 0 && (chunk.continuation[at / 64] >> (at % 64) & 1)) --at;
    set(chunk.starts, at);
  }
}

/// Bit i of the result is bit i + 1 of the bitmap.
uint64_t before(uint64_t bits, uint64_t next_word) { return bits >> 1 | next_word << 63; }

/// White space as the planes have it; behind the text all is white space, so that what is
/// last in the text is never the last before something.
uint64_t white_space(const SplitChunk& chunk, size_t w) {
  if (w >= chunk.blocks) return ~uint64_t{0};
    const size_t left = chunk.size - w * 64;
  const uint64_t behind = left >= 64 ? 0 : ~uint64_t{0} << left;
  return chunk.planes[w].of[kWhiteSpacePlane] | behind;
}

/// Of \s*[\r\n]+|\s+(?!\S)|\s+ the beginnings that depend on what follows: the white space after
/// the last newline of its run is a piece, so a tail that begins after a newline is a
/// beginning unless its run has another newline later.
void mark_tails(SplitChunk& chunk) {
  for (size_t w = 0; w < chunk.blocks; ++w) {
    for (uint64_t tails = chunk.tails[w]; tails; tails &= tails - 1) {
      const size_t at = w * 64 + static_cast<size_t>(std::countr_zero(tails));
      size_t word = at / 64;
      uint64_t not_blank = 0;
      for (; word < chunk.blocks; ++word) {
        const uint64_t newline = chunk.planes[word].of[kNewlinePlane];
        not_blank = newline | ~white_space(chunk, word);
        if (word == at / 64) not_blank = not_blank >> (at % 64) << (at % 64);
        if (not_blank) break;
      }
      const bool newline_follows = not_blank && (chunk.planes[word].of[kNewlinePlane] & (not_blank & -not_blank));
      if (!newline_follows) set(chunk.starts, at);
    }
  }
}

/// \p{N}{1,most}: the beginnings that are sure, and where there are more than three bytes of numbers.
struct NumberStarts {
  uint32_t most;
  Previous one, two, three;
  uint64_t operator()(uint64_t numbers, uint64_t continuation, uint64_t& unsure) {
    const uint64_t begins = numbers & ~one.after(numbers);
    if (most == 1) return numbers & ~continuation;
    if (most == 3) {
      const uint64_t pairs = numbers & ~begins;
      const uint64_t threes = pairs & two.after(pairs);
      unsure |= threes & three.after(threes);
    }
    return begins;
  }
};

/// What cl100k, o200k and DeepSeek have in common, a word of bitmaps at a time.
struct WordOfMasks {
  uint64_t letters, numbers, blanks /* white space but newlines */, newlines, spaces, symbols;
};

class CommonStarts {
 public:
  CommonStarts(SplitChunk& chunk, uint32_t most_digits, bool newlines_after_symbols)
      : chunk_(chunk), numbers_{most_digits, {}, {}, {}}, newlines_after_symbols_(newlines_after_symbols) {}

  /// `absorbable`: the symbols that go before a word, `absorbing`: the letters that take one.
  /// `takes_last`: what the last character of white space is left over for.
  void word(size_t w, const WordOfMasks& m, uint64_t absorbable, uint64_t absorbing, uint64_t takes_last_next) {
    const uint64_t continuation = chunk_.continuation[w];
    uint64_t unsure = 0;
    const uint64_t after_space = space_.after(m.spaces);
    const uint64_t symbol_begins = m.symbols & ~symbol_.after(m.symbols) & ~after_space;
    const uint64_t letter_begins = m.letters & ~letter_.after(m.letters);

    // One symbol before a word is a part of it.
    const uint64_t first_symbols = symbol_begins & absorbable;
    const uint64_t after_symbol = over_character_(begin_.after(first_symbols), continuation);
    const uint64_t absorbing_symbol = after_symbol & letter_begins & absorbing;
    const uint64_t after_blank = blank_.after(m.blanks);
    absorbed_letters = absorbing_symbol;

    // Newlines after symbols are a part of them.
    const uint64_t after_symbols = symbol_end_.after(m.symbols);
    uint64_t absorbed = 0;
    if (newlines_after_symbols_) {
      absorbed = m.newlines & (after_symbols | absorbed_.word >> 63);
      for (uint64_t more = absorbed; more;) {
        more = m.newlines & (more << 1) & ~absorbed;
        absorbed |= more;
      }
    }
    after_absorbed = absorbed_.after(absorbed);
    const uint64_t white = (m.blanks | m.newlines) & ~absorbed;
    const uint64_t white_begins = white & ~white_.after(white);
    const uint64_t lasts = m.blanks & takes_last_next;
    chunk_.tails[w] = m.blanks & newline_.after(m.newlines & ~absorbed);

    const uint64_t numbers = numbers_(m.numbers, continuation, unsure);
    chunk_.unsure[w] = unsure;
    chunk_.starts[w] = (letter_begins & ~absorbing_symbol & ~after_blank) | symbol_begins | numbers | white_begins;
    mark_last_characters(chunk_, w, lasts);
  }

  uint64_t after_absorbed = 0;     ///< of the word: positions after a newline that symbols took
  uint64_t absorbed_letters = 0;   ///< of the word: letters that took a symbol

 private:
  SplitChunk& chunk_;
  NumberStarts numbers_;
  bool newlines_after_symbols_;
  Previous space_, symbol_, symbol_end_, letter_, begin_, blank_, absorbed_, white_, newline_;
  ScanThrough over_character_;
};

}  // namespace

void find_starts(const Gpt2Rules& rules, SplitChunk& chunk) {
  const bool cut_numbers = rules.numbers == NumberCut::OneByOne;
  Previous letter, number, other, white, space;
  for (size_t w = 0; w < chunk.blocks; ++w) {
    const auto& p = chunk.planes[w].of;
    const auto& next = chunk.planes[w + 1].of;
    const uint64_t letters = p[kLetterPlane], numbers = p[kNumberPlane], whites = white_space(chunk, w);
    const uint64_t others = ~(letters | numbers | whites);
    const uint64_t joined = space.after(p[kSpacePlane]);
    uint64_t begins = letters & ~letter.after(letters);
    begins |= others & ~other.after(others);
    const uint64_t number_begins = numbers & ~number.after(numbers);
    if (!cut_numbers) begins |= number_begins;
    begins &= ~joined;
    if (cut_numbers) begins |= numbers & ~chunk.continuation[w];
    begins |= whites & ~white.after(whites);
    uint64_t lasts = whites & ~before(whites, white_space(chunk, w + 1));
    if (cut_numbers) lasts &= ~before(numbers, next[kNumberPlane]);
    chunk.starts[w] = begins;
    mark_last_characters(chunk, w, lasts);
    const uint64_t apostrophes = p[5] & ~letters;
    chunk.unsure[w] = apostrophes & chunk.starts[w] & before(letters, next[kLetterPlane]);
  }
}

void find_starts(const Cl100kRules& rules, SplitChunk& chunk) {
  CommonStarts starts(chunk, rules.most_digits, rules.newlines_after_symbols);
  for (size_t w = 0; w < chunk.blocks; ++w) {
    const auto& p = chunk.planes[w].of;
    const uint64_t white = white_space(chunk, w);
    WordOfMasks m{.letters = p[kLetterPlane], .numbers = p[kNumberPlane], .blanks = white & ~p[kNewlinePlane],
                  .newlines = p[kNewlinePlane], .spaces = p[kSpacePlane], .symbols = 0};
    m.symbols = ~(m.letters | m.numbers | white);
    const uint64_t before_other = ~before(white, white_space(chunk, w + 1));
    starts.word(w, m, ~uint64_t{0}, ~uint64_t{0}, before_other);
    if (rules.contractions) {
      const uint64_t before_letter = before(m.letters, chunk.planes[w + 1].of[kLetterPlane]);
      chunk.unsure[w] |= p[5] & chunk.starts[w] & before_letter;
    }
  }
  mark_tails(chunk);
}

void find_starts(const O200kRules& rules, SplitChunk& chunk) {
  CommonStarts starts(chunk, rules.most_digits, true);
  Previous lower, either, letter;
  for (size_t w = 0; w < chunk.blocks; ++w) {
    const auto& p = chunk.planes[w].of;
    const uint64_t white = white_space(chunk, w);
    WordOfMasks m{.letters = p[kLetterPlane], .numbers = p[kNumberPlane], .blanks = white & ~p[kNewlinePlane],
                  .newlines = p[kNewlinePlane], .spaces = p[kSpacePlane], .symbols = 0};
    m.symbols = ~(m.letters | m.numbers | white);
    const uint64_t before_other = ~before(white, white_space(chunk, w + 1));
    starts.word(w, m, ~uint64_t{0}, ~uint64_t{0}, before_other);
    const uint64_t first = ~chunk.continuation[w];
    const uint64_t uppers = m.letters & p[5], lowers = m.letters & p[6];
    const uint64_t after_letter = letter.after(m.letters);
    chunk.starts[w] |= uppers & first & lower.after(lowers);
    // What is of either case before an upper case letter belongs to it or not, by what follows.
    uint64_t unsure = uppers & first & either.after(m.letters & ~uppers & ~lowers);
    unsure |= p[7] & first & ~after_letter;                       // a mark with no letter before it
    unsure |= p[6] & ~m.letters & starts.after_absorbed;          // symbols, newlines, "/"
    if (rules.contractions) {
      const uint64_t before_letter = before(m.letters, chunk.planes[w + 1].of[kLetterPlane]);
      unsure |= p[5] & ~m.letters & after_letter & before_letter;
    }
    chunk.unsure[w] |= unsure;
  }
  mark_tails(chunk);
}

void find_starts(const DeepSeekRules&, SplitChunk& chunk) {
  CommonStarts starts(chunk, 3, true);
  Previous han, rest;
  ScanThrough over_ascii_letters;
  for (size_t w = 0; w < chunk.blocks; ++w) {
    const auto& p = chunk.planes[w].of;
    const auto& next = chunk.planes[w + 1].of;
    const uint64_t white = white_space(chunk, w);
    const WordOfMasks m{.letters = p[kLetterPlane], .numbers = p[kNumberPlane], .blanks = white & ~p[kNewlinePlane],
                        .newlines = p[kNewlinePlane], .spaces = p[kSpacePlane], .symbols = p[5] & ~p[6]};
    const uint64_t hans = p[6] & ~p[5];
    const uint64_t others = ~(m.letters | m.numbers | white | m.symbols | hans);  // rare
    const uint64_t before_end = before(white | m.numbers | p[6],
                                         white_space(chunk, w + 1) | next[kNumberPlane] | next[6]);
    const uint64_t ascii = ~chunk.high[w];
    starts.word(w, m, ascii, ascii, ~before_end);
    chunk.starts[w] |= (hans & ~han.after(hans)) | (others & ~rest.after(others));
    const uint64_t after_ascii_letters = over_ascii_letters(starts.absorbed_letters, m.letters & ascii);
    chunk.unsure[w] |= (others & ~chunk.continuation[w]) | (after_ascii_letters & m.letters);
  }
  mark_tails(chunk);
}

}  // namespace headrace::text
