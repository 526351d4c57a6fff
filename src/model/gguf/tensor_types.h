#pragma once

#include <cstdint>
#include <optional>

#include "kernels/kernel_table.h"

namespace headrace::model {

/// A tensor type as GGUF files number it.
struct TensorType {
  uint32_t code;
  const char* name;
  uint32_t block_width;  ///< values in a block; 0: a type that was taken out of the format
  uint32_t block_bytes;
  std::optional<kernels::WeightType> computed;  ///< set if kernels compute with it
};

/// The type with this number, or null.
const TensorType* tensor_type(uint32_t code);

}  // namespace headrace::model
