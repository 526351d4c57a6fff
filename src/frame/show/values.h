#pragma once

#include "frame/array.h"
#include "frame/int128.h"

namespace headrace::frame {

/// A decimal without its point.
Int128 decimal_at(const Array& array, size_t row);

}  // namespace headrace::frame
