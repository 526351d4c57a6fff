#pragma once

#include <fmt/format.h>

#include "frame/functions/rows.h"
#include "frame/int128.h"

namespace headrace::frame {

/// Calls run with a null pointer to the C++ type that a number, or a moment, of this type is in memory.
template <class Run>
Result<Array> with_memory_type(const DataType& type, const Run& run) {
  switch (type.id()) {
    case TypeId::UInt8: return run(static_cast<uint8_t*>(nullptr));
    case TypeId::UInt16: return run(static_cast<uint16_t*>(nullptr));
    case TypeId::UInt32: return run(static_cast<uint32_t*>(nullptr));
    case TypeId::UInt64: return run(static_cast<uint64_t*>(nullptr));
    case TypeId::Float32: return run(static_cast<float*>(nullptr));
    case TypeId::Float64: return run(static_cast<double*>(nullptr));
    default: break;
  }
  switch (type.value_bytes()) {
    case 1: return run(static_cast<int8_t*>(nullptr));
    case 2: return run(static_cast<int16_t*>(nullptr));
    case 4: return run(static_cast<int32_t*>(nullptr));
    case 8: return run(static_cast<int64_t*>(nullptr));
    default: return run(static_cast<Int128*>(nullptr));
  }
}

}  // namespace headrace::frame
