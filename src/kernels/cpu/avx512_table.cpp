#include "kernels/cpu/avx512.h"

namespace headrace::kernels::HEADRACE_AVX512 {

const KernelTable kTable = {
    .name = "avx512",
    .tile_outputs = 16,
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

const KernelTable kVnniTable = {
    .name = "avx512",
    .tile_outputs = 16,
    .packed_bytes = packed_bytes,
    .pack = pack,
    .unpack_row = unpack_row,
    .activation_bytes = activation_bytes,
    .quantize = quantize,
    .matmul = matmul_vnni,
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

}  // namespace headrace::kernels::HEADRACE_AVX512
