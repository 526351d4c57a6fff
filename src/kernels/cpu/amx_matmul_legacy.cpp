#include "kernels/cpu/amx_matmul.h"

void headrace::kernels::HEADRACE_AMX::matmul_legacy(const MatmulArgs& args) {
  matmul_family_by_tiles<AmxVectors, WeightFamily::Legacy>(args);
}
