#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "text/bulk/character_codes.h"
#include "text/bulk/split_kernels.h"
#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {

/// A stretch of a text and the places in it where pieces begin. Memory of one thread, used
/// again and again.
struct SplitChunk {
  static constexpr size_t kBytes = 4096;
  static constexpr size_t kBlocks = kBytes / 64;

  /// The stretch, with at least 64 readable bytes behind it.
  const uint8_t* text = nullptr;
  size_t size = 0;    ///< of the stretch
  size_t blocks = 0;  ///< words of each bitmap
  uint64_t starts[kBlocks + 2];
  uint64_t high[kBlocks + 2];          ///< bytes that are not ASCII
  uint64_t continuation[kBlocks + 2];  ///< bytes that do not begin a character

  // What cutting needs beside.
  uint64_t unsure[kBlocks + 2];
  uint64_t tails[kBlocks + 2];
  CodePlanes planes[kBlocks + 2];
  uint8_t codes[kBytes + 128];
  uint8_t padded[kBytes + 192];
};

/// Cuts texts into the pieces of a published pattern, 64 bytes at a time.
///
/// A chunk of text becomes a code a byte (SplitKernels for ASCII, tables for the rest), the
/// codes eight bitmaps, and shifts and sums of those the bitmap of pieces' beginnings. What
/// they cannot tell (contractions, case within words, long numbers) they mark as unsure; from
/// the piece before such a place the scanner by hand goes on until both agree again. Pieces
/// depend on nothing before their beginning, so every chunk begins with one and no state is
/// carried from chunk to chunk.
class PieceSplitter {
 public:
  explicit PieceSplitter(const SplitRules& rules, const SplitKernels& kernels = split_kernels());

  /// Cuts a chunk from `text` (valid UTF-8) at `from`, where a piece begins, and returns its
  /// end: where the next piece begins, or the text's end. `chunk.text` is text[from, end) and
  /// bit i of `starts` says that a piece begins at text[from + i]. A piece that is longer
  /// than a chunk comes alone, with `blocks` 0.
  size_t cut(std::string_view text, size_t from, SplitChunk& chunk) const;

  const PieceScanner& scanner() const { return *scanner_; }

 private:
  void encode_characters(SplitChunk& chunk, bool more) const;
  void resolve(std::string_view text, size_t from, SplitChunk& chunk) const;

  SplitRules rules_;
  const SplitKernels* kernels_;
  const CharacterCodes* codes_;
  std::unique_ptr<const PieceScanner> scanner_;
};

}  // namespace headrace::text
