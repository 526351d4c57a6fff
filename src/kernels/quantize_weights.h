#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

namespace headrace::kernels {

/// Writes a row of `inputs` weights (F32, F16 or BF16, in the file's layout; a multiple of 32) as
/// `to`, Q8_0 or Q4_1, file_row_bytes(to, inputs) bytes. Returns the index of the first weight that
/// `to` cannot hold, for it is no finite number or too large, or `inputs` if there is none. The same
/// bytes on every machine (docs/design/0011).
uint32_t quantize_weights(WeightType from, const std::byte* row, uint32_t inputs, WeightType to, std::byte* out);

/// The largest magnitude that `to` can hold.
float largest_weight(WeightType to);

}  // namespace headrace::kernels
