#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace headrace::model {

/// What the float matrices of a file are kept as (docs/design/0011).
enum class Quantize : uint8_t {
  Nothing,  ///< as the file has them
  Q8,       ///< Q8_0
  Q4,       ///< Q4_1; the output head and the matrices of attention's values Q8_0
};

const char* name(Quantize quantize);  ///< "nothing", "q8", "q4"
/// "q8" or "q4". InvalidArgument lists the names.
Result<Quantize> parse_quantize(std::string_view name);

}  // namespace headrace::model
