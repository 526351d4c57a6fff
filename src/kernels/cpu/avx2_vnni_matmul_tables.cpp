#include "kernels/cpu/avx2_vnni_matmul.h"

void headrace::kernels::HEADRACE_AVX2_VNNI::matmul_tables(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::IQ4_NL: return matmul_quantized<Avx2VnniMatmul, WeightType::IQ4_NL>(args);
    case WeightType::IQ4_XS: return matmul_quantized<Avx2VnniMatmul, WeightType::IQ4_XS>(args);
    case WeightType::MXFP4: return matmul_quantized<Avx2VnniMatmul, WeightType::MXFP4>(args);
    default: return;
  }
}
