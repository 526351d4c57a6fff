#include "kernels/cpu/avx512.h"
#include "kernels/cpu/avx512_bf16_vectors.h"
#include "kernels/cpu/tile_bfloat16_probe.h"

uint64_t headrace::kernels::HEADRACE_AVX512::probe_products_bf16(WeightType type, uint32_t blocks) {
  if (type != WeightType::BF16) return probe_products_vnni(type, blocks);
  return probe_bfloats<BfloatByPairs<Avx512Vectors>>(blocks);
}
