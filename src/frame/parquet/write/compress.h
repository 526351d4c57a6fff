#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "frame/parquet/metadata.h"

namespace headrace::frame::parquet {

/// Packs bytes by one of None, Snappy, Gzip, Zstd and Lz4Raw. InvalidArgument if the level is none of the codec's.
Result<std::string> compress(Codec codec, std::optional<int> level, std::string_view bytes);

}  // namespace headrace::frame::parquet
