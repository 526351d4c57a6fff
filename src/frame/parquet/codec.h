#pragma once

#include <cstdint>
#include <span>

#include "frame/parquet/metadata.h"

namespace headrace::frame::parquet {

/// Fills `into` exactly. InvalidData if the bytes are broken or give another size; Unsupported names a codec without a
/// library here (LZO).
Result<void> decompress(Codec codec, std::span<const std::byte> bytes, std::span<std::byte> into);

}  // namespace headrace::frame::parquet
