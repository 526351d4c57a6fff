#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::matmul_tables_vnni(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::IQ4_NL: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::IQ4_NL>(args);
    case WeightType::IQ4_XS: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::IQ4_XS>(args);
    case WeightType::MXFP4: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::MXFP4>(args);
    default: return;
  }
}
