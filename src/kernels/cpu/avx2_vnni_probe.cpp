#include "kernels/cpu/avx2_vnni.h"
#include "kernels/cpu/avx2_vnni_vectors.h"
#include "kernels/cpu/tile_probe.h"

namespace headrace::kernels::HEADRACE_AVX2_VNNI {

uint64_t probe_products(WeightType type, uint32_t blocks) { return probe_products_of<Avx2VnniVectors>(type, blocks); }

}  // namespace headrace::kernels::HEADRACE_AVX2_VNNI
