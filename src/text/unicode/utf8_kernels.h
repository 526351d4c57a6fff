#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace headrace::text {

/// The loop over long texts that an instruction set makes fast.
struct Utf8Kernels {
  const char* name;
  /// How many of a text's blocks of 64 bytes, from its beginning, are valid UTF-8; the last of these may end within a
  /// character that is valid so far.
  size_t (*valid_blocks)(const uint8_t* text, size_t blocks);
};

/// Those of the best instruction set that this CPU has and the environment's HEADRACE_ISA allows.
const Utf8Kernels& utf8_kernels();
/// All that this CPU can run, the portable ones first.
std::span<const Utf8Kernels* const> all_utf8_kernels();

namespace utf8 {
/// What utf8.h's valid_prefix says, with these kernels.
size_t valid_prefix(std::string_view bytes, const Utf8Kernels& kernels);
}

namespace utf8_portable { extern const Utf8Kernels kKernels; }
namespace utf8_avx2 { extern const Utf8Kernels kKernels; }

}  // namespace headrace::text
