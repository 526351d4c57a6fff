#include "kernels/cpu/avx2.h"

namespace headrace::kernels::HEADRACE_AVX2 {

const KernelTable kTable = {
    .name = "avx2",
    .tile_outputs = 8,
    .packed_bytes = packed_bytes,
    .pack = pack,
    .unpack_row = unpack_row,
    .activation_bytes = activation_bytes,
    .quantize = quantize,
    .matmul = matmul,
    .rms_norm = rms_norm,
    .add = add,
    .scale = scale,
    .rope = rope,
    .page_bytes = page_bytes,
    .append = append,
    .attend = attend,
    .attend_scratch_floats = attend_scratch_floats,
    .argmax = argmax,
    .exp_sum = exp_sum,
    .soft_cap = soft_cap,
};

}  // namespace headrace::kernels::HEADRACE_AVX2
