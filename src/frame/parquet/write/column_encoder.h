#pragma once

#include <memory>
#include <optional>
#include <string>

#include "frame/data_frame.h"
#include "frame/parquet/metadata.h"

namespace headrace::frame::parquet {

struct EncodeOptions {
  Codec codec = Codec::Zstd;
  std::optional<int> level{};
  bool has_statistics = true;
  size_t page_bytes = size_t{1} << 20;  ///< about, before packing
};

/// A column's chunk of a row group, ready to be written.
struct EncodedChunk {
  std::string bytes;  ///< its pages
  size_t dictionary_bytes = 0;  ///< of them the first, a dictionary's page
  uint64_t unpacked_bytes = 0;
  uint64_t values = 0;
  std::optional<int64_t> nulls{};
  std::optional<std::string> least{}, greatest{};
};

/// With a dictionary where values repeat, plain otherwise.
Result<EncodedChunk> encode_column(const Column& column, const EncodeOptions& options, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame::parquet
