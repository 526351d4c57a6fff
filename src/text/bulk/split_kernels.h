#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace headrace::text {

/// The bits of 64 bytes: plane k has bit i where code i has bit k.
struct CodePlanes {
  uint64_t of[8];
};

/// The loops of PieceSplitter that an instruction set makes fast; a table for each. Texts
/// are whole blocks of 64 bytes, at any address.
struct SplitKernels {
  const char* name;
  /// codes[i] = ascii[text[i]], or 0 for bytes that are not ASCII. `high` gets a bit for each of
  /// the latter, `continuation` for those that do not begin a character.
  void (*classify)(const uint8_t* text, size_t blocks, const uint8_t* ascii, uint8_t* codes, uint64_t* high,
                   uint64_t* continuation);
  void (*planes)(const uint8_t* codes, size_t blocks, CodePlanes* planes);
};

/// Those of the best instruction set that this CPU has and the environment's HEADRACE_ISA allows.
const SplitKernels& split_kernels();
/// All that this CPU can run, the portable ones first.
std::span<const SplitKernels* const> all_split_kernels();

namespace split_portable { extern const SplitKernels kKernels; }
namespace split_avx2 { extern const SplitKernels kKernels; }
namespace split_avx512 { extern const SplitKernels kKernels; }

}  // namespace headrace::text
