#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "text/bulk/piece_cache.h"

namespace headrace::text {

/// A piece of a chunk that is not in its first line of the thread's cache.
struct MissedPiece {
  uint32_t piece;  ///< its number
  uint32_t place;  ///< among the tokens that were found: before which of them its own belong
};

/// The loops over a chunk's pieces that an instruction set makes fast.
struct LookupKernels {
  static constexpr size_t kBatch = 128;

  const char* name;
  /// The places of the bits that are set, in ascending order, and how many there are. `places` has room for eight more.
  size_t (*places)(const uint64_t* bits, size_t words, uint32_t* places);
  /// Looks up `count` pieces, of which piece i is text[begins[i], begins[i + 1]), each in its first line alone. `out`
  /// gets the tokens of those that are there, and scratch behind them: there is room for four tokens a piece, and four.
  /// `misses` gets the others, and has room for all and one. After each piece sixteen bytes can be read.
  void (*look_up)(const PieceCache::FirstLines& lines, const PieceHash& hash, const uint8_t* text, const uint32_t* begins, size_t count,
                  TokenId* out, MissedPiece* misses, size_t& written, size_t& missed);
};

/// Those of the best instruction set that this CPU has and the environment's HEADRACE_ISA allows.
const LookupKernels& lookup_kernels();
/// All that this CPU can run, the portable ones first.
std::span<const LookupKernels* const> all_lookup_kernels();

namespace lookup_portable { extern const LookupKernels kKernels; }
namespace lookup_avx2 { extern const LookupKernels kKernels; }

}  // namespace headrace::text
