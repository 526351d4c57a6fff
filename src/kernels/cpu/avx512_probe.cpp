#include "kernels/cpu/avx512.h"
#include "kernels/cpu/avx512_vectors.h"
#include "kernels/cpu/tile_probe.h"

namespace headrace::kernels::HEADRACE_AVX512 {

uint64_t probe_products(WeightType type, uint32_t blocks) { return probe_products_of<Avx512Vectors>(type, blocks); }

uint32_t probe_read(const std::byte* data, size_t bytes) { return probe_read_of<Avx512Vectors>(data, bytes); }
}  // namespace headrace::kernels::HEADRACE_AVX512
