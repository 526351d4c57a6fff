#include "kernels/cpu/avx2.h"
#include "kernels/cpu/tile_weights.h"

namespace headrace::kernels::HEADRACE_AVX2 {

size_t packed_bytes(WeightType type, uint32_t outputs, uint32_t inputs) {
  return (outputs + 7) / 8 * tile_bytes<8>(type, inputs);
}

void pack(WeightType type, uint32_t /*outputs*/, uint32_t inputs, uint32_t first_output, uint32_t count,
          const std::byte* file_rows, std::byte* packed) {
  pack_tiles<8>(type, inputs, first_output, count, file_rows, packed);
}

void unpack_row(const PackedWeight& weight, uint32_t output, float* row) { unpack_output<8>(weight, output, row); }

}  // namespace headrace::kernels::HEADRACE_AVX2
