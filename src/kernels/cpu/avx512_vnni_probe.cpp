#include "kernels/cpu/avx512.h"
#include "kernels/cpu/avx512_vectors.h"
#include "kernels/cpu/tile_probe.h"

namespace headrace::kernels::HEADRACE_AVX512 {

uint64_t probe_products_vnni(WeightType type, uint32_t blocks) { return probe_products_of<Avx512VnniVectors>(type, blocks); }

}  // namespace headrace::kernels::HEADRACE_AVX512
