#include "kernels/cpu/avx512.h"
#include "kernels/cpu/tile_weights.h"

namespace headrace::kernels::HEADRACE_AVX512 {

size_t packed_bytes(WeightType type, uint32_t outputs, uint32_t inputs) {
  return (outputs + 15) / 16 * tile_bytes<16>(type, inputs);
}

void pack(WeightType type, uint32_t /*outputs*/, uint32_t inputs, uint32_t first_output, uint32_t count,
          const std::byte* file_rows, std::byte* packed) {
  pack_tiles<16>(type, inputs, first_output, count, file_rows, packed);
}

void unpack_row(const PackedWeight& weight, uint32_t output, float* row) { unpack_output<16>(weight, output, row); }

}  // namespace headrace::kernels::HEADRACE_AVX512
