#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "frame/data_type.h"

namespace headrace::frame::parquet {

// The footer and the headers of pages, as https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
// defines them; what nothing here reads is left out.

enum class Physical : uint8_t { Boolean, Int32, Int64, Int96, Float, Double, ByteArray, FixedByteArray };
enum class Repetition : uint8_t { Required, Optional, Repeated };
enum class Codec : uint8_t { None, Snappy, Gzip, Lzo, Brotli, Lz4, Zstd, Lz4Raw };
enum class Encoding : uint8_t {
  Plain = 0,
  PlainDictionary = 2,
  RunLength = 3,
  BitPacked = 4,
  DeltaBinaryPacked = 5,
  DeltaLengthByteArray = 6,
  DeltaByteArray = 7,
  RunLengthDictionary = 8,
  ByteStreamSplit = 9,
};

/// What a leaf's values mean, from its logical or, in older files, its converted type.
struct Meaning {
  enum class Kind : uint8_t { None, String, Map, List, Decimal, Date, Time, Timestamp, Integer, Null, Float16, Other };
  Kind kind = Kind::None;
  int precision = 0, scale = 0;
  TimeUnit unit = TimeUnit::Millisecond;
  bool is_utc = false;
  int bits = 0;
  bool is_signed = true;
};

struct SchemaElement {
  std::string name;
  std::optional<Physical> physical;  ///< none: a group
  int32_t fixed_bytes = 0;
  Repetition repetition = Repetition::Required;
  int32_t children = 0;
  Meaning meaning;
};

/// The least and the greatest of a chunk's values as they stand plain in a page, perhaps cut off (then still bounds), and how many
/// nulls it has. Only of the fields whose order is agreed on; NaN is no value for them.
struct Statistics {
  std::optional<std::string> least, greatest;
  std::optional<int64_t> nulls;
};

struct ColumnChunk {
  Physical physical = Physical::Boolean;
  Codec codec = Codec::None;
  int64_t values = 0;  ///< nulls and empty lists among them
  int64_t compressed_bytes = 0;
  int64_t first_page = 0;  ///< where in the file; a dictionary comes first
  bool is_encrypted = false;
  std::string other_file;
  Statistics statistics{};
};

struct RowGroup {
  int64_t rows = 0;
  std::vector<ColumnChunk> columns;  ///< one a leaf of the schema
};

struct FileMetadata {
  std::vector<SchemaElement> schema;  ///< depth first, from the root
  int64_t rows = 0;
  std::vector<RowGroup> row_groups;
};

/// InvalidData says what is wrong. Counts and places are checked against each other, not against the file.
Result<FileMetadata> parse_footer(std::span<const std::byte> bytes);

struct PageHeader {
  enum class Kind : uint8_t { Data, Index, Dictionary, DataV2 };
  Kind kind = Kind::Data;
  int32_t bytes = 0;
  int32_t compressed_bytes = 0;
  std::optional<uint32_t> checksum;
  int32_t values = 0;
  Encoding encoding = Encoding::Plain;
  Encoding definition_encoding = Encoding::RunLength;
  Encoding repetition_encoding = Encoding::RunLength;
  // Of DataV2: levels come first and are never compressed.
  int32_t definition_bytes = 0, repetition_bytes = 0;
  bool is_compressed = true;
};

/// Reads the header that `bytes` begin with; `size`: how many it took. None if the bytes end before it does.
std::optional<PageHeader> parse_page_header(std::span<const std::byte> bytes, size_t& size);

const char* name(Codec codec);
const char* name(Encoding encoding);

}  // namespace headrace::frame::parquet
