#include "frame/parquet/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frame/parquet/thrift_reader.h"

namespace headrace::frame::parquet {
namespace {

using Field = ThriftReader::Field;

/// An enumeration's value, or one that means "unknown to us" where it has none of that number.
template <class Enum>
Enum enum_of(int64_t value) {
  return static_cast<Enum>(value >= 0 && value < 255 ? value : 255);
}

TimeUnit read_unit(ThriftReader& reader) {
  TimeUnit unit = TimeUnit::Millisecond;
  reader.read_struct([&](const Field& field) {
    unit = field.id == 3 ? TimeUnit::Nanosecond : field.id == 2 ? TimeUnit::Microsecond : TimeUnit::Millisecond;
    reader.skip(field.type);
  });
  return unit;
}

void read_time(ThriftReader& reader, Meaning& meaning) {
  reader.read_struct([&](const Field& field) {
    if (field.id == 1) {
      meaning.is_utc = ThriftReader::read_bool(field);
    } else if (field.id == 2 && field.type == ThriftType::Struct) {
      meaning.unit = read_unit(reader);
    } else {
      reader.skip(field.type);
    }
  });
}

void read_decimal(ThriftReader& reader, Meaning& meaning) {
  reader.read_struct([&](const Field& field) {
    if (field.id == 1) {
      meaning.scale = static_cast<int>(reader.read_integer());
    } else if (field.id == 2) {
      meaning.precision = static_cast<int>(reader.read_integer());
    } else {
      reader.skip(field.type);
    }
  });
}

void read_integer_type(ThriftReader& reader, Meaning& meaning) {
  reader.read_struct([&](const Field& field) {
    if (field.id == 1) {
      meaning.bits = reader.read_int8();
    } else if (field.id == 2) {
      meaning.is_signed = ThriftReader::read_bool(field);
    } else {
      reader.skip(field.type);
    }
  });
}

Meaning read_logical(ThriftReader& reader) {
  using enum Meaning::Kind;
  Meaning meaning;
  reader.read_struct([&](const Field& field) {
    constexpr Meaning::Kind kKinds[] = {None,      String, Map,     List, String, Decimal, Date,  Time,
                                        Timestamp, Other,  Integer, Null, String, Other,   Other, Float16};
    meaning.kind = field.id > 0 && field.id < 16 ? kKinds[field.id] : Other;
    if (field.type != ThriftType::Struct) return reader.skip(field.type);
    switch (meaning.kind) {
      case Decimal: read_decimal(reader, meaning); break;
      case Time:
      case Timestamp: read_time(reader, meaning); break;
      case Integer: read_integer_type(reader, meaning); break;
      default: reader.skip(field.type);
    }
  });
  return meaning;
}

Meaning meaning_of_converted(int64_t converted) {
  using enum Meaning::Kind;
  switch (converted) {
    case 0:
    case 4:
    case 19: return {.kind = String};
    case 1:
    case 2: return {.kind = Map};
    case 3: return {.kind = List};
    case 5: return {.kind = Decimal};
    case 6: return {.kind = Date};
    case 7: return {.kind = Time};
    case 8: return {.kind = Time, .unit = TimeUnit::Microsecond};
    case 9: return {.kind = Timestamp, .is_utc = true};
    case 10: return {.kind = Timestamp, .unit = TimeUnit::Microsecond, .is_utc = true};
    case 11:
    case 12:
    case 13:
    case 14: return {.kind = Integer, .bits = 8 << (converted - 11), .is_signed = false};
    case 15:
    case 16:
    case 17:
    case 18: return {.kind = Integer, .bits = 8 << (converted - 15)};
    default: return {.kind = Other};
  }
}

SchemaElement read_element(ThriftReader& reader) {
  SchemaElement element;
  Meaning logical, converted;
  int precision = 0, scale = 0;
  reader.read_struct([&](const Field& field) {
    switch (field.id) {
      case 1: element.physical = enum_of<Physical>(reader.read_integer()); break;
      case 2: element.fixed_bytes = static_cast<int32_t>(reader.read_integer()); break;
      case 3: element.repetition = enum_of<Repetition>(reader.read_integer()); break;
      case 4: element.name = reader.read_binary(); break;
      case 5: element.children = static_cast<int32_t>(reader.read_integer()); break;
      case 6: converted = meaning_of_converted(reader.read_integer()); break;
      case 7: scale = static_cast<int>(reader.read_integer()); break;
      case 8: precision = static_cast<int>(reader.read_integer()); break;
      case 10:
        if (field.type != ThriftType::Struct) return reader.skip(field.type);
        logical = read_logical(reader);
        break;
      default: reader.skip(field.type);
    }
  });
  using enum Meaning::Kind;
  element.meaning = logical.kind != None ? logical : converted;
  if (converted.kind == Decimal && logical.kind != Decimal) element.meaning.precision = precision, element.meaning.scale = scale;
  return element;
}

Statistics read_statistics(ThriftReader& reader) {
  Statistics statistics;
  reader.read_struct([&](const Field& field) {
    switch (field.id) {
      case 3: statistics.nulls = reader.read_integer(); break;
      case 5: statistics.greatest = reader.read_binary(); break;
      case 6: statistics.least = reader.read_binary(); break;
      default: reader.skip(field.type);  // 1 and 2, whose order nobody agreed on, among them
    }
  });
  return statistics;
}

void read_column_metadata(ThriftReader& reader, ColumnChunk& chunk) {
  int64_t data = 0, dictionary = 0;
  reader.read_struct([&](const Field& field) {
    switch (field.id) {
      case 1: chunk.physical = enum_of<Physical>(reader.read_integer()); break;
      case 4: chunk.codec = enum_of<Codec>(reader.read_integer()); break;
      case 5: chunk.values = reader.read_integer(); break;
      case 7: chunk.compressed_bytes = reader.read_integer(); break;
      case 9: data = reader.read_integer(); break;
      case 11: dictionary = reader.read_integer(); break;
      case 12:
        if (field.type != ThriftType::Struct) return reader.skip(field.type);
        chunk.statistics = read_statistics(reader);
        break;
      default: reader.skip(field.type);
    }
  });
  // Some writers write 0 for no dictionary, or one behind the data.
  chunk.first_page = dictionary > 0 && dictionary < data ? dictionary : data;
}

ColumnChunk read_chunk(ThriftReader& reader) {
  ColumnChunk chunk;
  reader.read_struct([&](const Field& field) {
    switch (field.id) {
      case 1: chunk.other_file = reader.read_binary(); break;
      case 3:
        if (field.type != ThriftType::Struct) return reader.skip(field.type);
        read_column_metadata(reader, chunk);
        break;
      case 8:
        chunk.is_encrypted = true;
        reader.skip(field.type);
        break;
      default: reader.skip(field.type);
    }
  });
  return chunk;
}

/// Whether a column's least and greatest follow the order of its type.
bool read_order(ThriftReader& reader) {
  bool by_type = false;
  reader.read_struct([&](const Field& field) {
    by_type = field.id == 1;
    reader.skip(field.type);
  });
  return by_type;
}

/// Bounds in an order that the file does not name, or that is none we know, are none.
void forget_unordered(FileMetadata& file, const std::vector<bool>& ordered) {
  for (RowGroup& group : file.row_groups) {
    for (size_t i = 0; i < group.columns.size(); ++i) {
      if (i < ordered.size() && ordered[i]) continue;
      group.columns[i].statistics.least.reset();
      group.columns[i].statistics.greatest.reset();
    }
  }
}

RowGroup read_row_group(ThriftReader& reader) {
  RowGroup group;
  reader.read_struct([&](const Field& field) {
    switch (field.id) {
      case 1: reader.read_list(ThriftType::Struct, [&] { group.columns.push_back(read_chunk(reader)); }); break;
      case 3: group.rows = reader.read_integer(); break;
      default: reader.skip(field.type);
    }
  });
  return group;
}

}  // namespace

Result<FileMetadata> parse_footer(std::span<const std::byte> bytes) {
  ThriftReader reader(bytes);
  FileMetadata file;
  bool is_encrypted = false;
  std::vector<bool> ordered;
  reader.read_struct([&](const Field& field) {
    switch (field.id) {
      case 2: reader.read_list(ThriftType::Struct, [&] { file.schema.push_back(read_element(reader)); }); break;
      case 3: file.rows = reader.read_integer(); break;
      case 4: reader.read_list(ThriftType::Struct, [&] { file.row_groups.push_back(read_row_group(reader)); }); break;
      case 7: reader.read_list(ThriftType::Struct, [&] { ordered.push_back(read_order(reader)); }); break;
      case 8:
        is_encrypted = true;
        reader.skip(field.type);
        break;
      default: reader.skip(field.type);
    }
  });
  if (reader.failed())
    return fail(ErrorKind::InvalidData, fmt::format("its footer is broken at byte {} of {}", reader.position(), bytes.size()));
  if (is_encrypted) return fail(ErrorKind::Unsupported, "it is encrypted; decrypt it first");
  if (file.schema.empty()) return fail(ErrorKind::InvalidData, "its footer has no schema");
  const auto leaves =
      static_cast<size_t>(std::ranges::count_if(file.schema, [](const SchemaElement& e) { return e.physical.has_value(); }));
  int64_t rows = 0;
  for (size_t n = 0; n < file.row_groups.size(); ++n) {
    const RowGroup& group = file.row_groups[n];
    if (group.columns.size() != leaves) {
      return fail(ErrorKind::InvalidData, fmt::format("row group {} has {} columns, its schema {}", n, group.columns.size(), leaves));
    }
    constexpr int64_t kMost = int64_t{1} << 40;
    rows += group.rows;
    if (group.rows < 0 || group.rows > kMost || rows > kMost) {
      return fail(ErrorKind::InvalidData, fmt::format("row group {} says that it has {} rows", n, group.rows));
    }
  }
  if (rows != file.rows)
    return fail(ErrorKind::InvalidData, fmt::format("its row groups have {} rows, its footer says {}", rows, file.rows));
  forget_unordered(file, ordered);
  return file;
}

std::optional<PageHeader> parse_page_header(std::span<const std::byte> bytes, size_t& size) {
  ThriftReader reader(bytes);
  PageHeader page;
  const auto read_data = [&](const Field& field) {
    switch (field.id) {
      case 1: page.values = static_cast<int32_t>(reader.read_integer()); break;
      case 2: page.encoding = enum_of<Encoding>(reader.read_integer()); break;
      case 3: page.definition_encoding = enum_of<Encoding>(reader.read_integer()); break;
      case 4: page.repetition_encoding = enum_of<Encoding>(reader.read_integer()); break;
      default: reader.skip(field.type);
    }
  };
  const auto read_dictionary = [&](const Field& field) {
    switch (field.id) {
      case 1: page.values = static_cast<int32_t>(reader.read_integer()); break;
      case 2: page.encoding = enum_of<Encoding>(reader.read_integer()); break;
      default: reader.skip(field.type);
    }
  };
  const auto read_data_v2 = [&](const Field& field) {
    switch (field.id) {
      case 1: page.values = static_cast<int32_t>(reader.read_integer()); break;
      case 4: page.encoding = enum_of<Encoding>(reader.read_integer()); break;
      case 5: page.definition_bytes = static_cast<int32_t>(reader.read_integer()); break;
      case 6: page.repetition_bytes = static_cast<int32_t>(reader.read_integer()); break;
      case 7: page.is_compressed = ThriftReader::read_bool(field); break;
      default: reader.skip(field.type);
    }
  };
  reader.read_struct([&](const Field& field) {
    const bool is_struct = field.type == ThriftType::Struct;
    if (field.id == 1) {
      page.kind = enum_of<PageHeader::Kind>(reader.read_integer());
    } else if (field.id == 2) {
      page.bytes = static_cast<int32_t>(reader.read_integer());
    } else if (field.id == 3) {
      page.compressed_bytes = static_cast<int32_t>(reader.read_integer());
    } else if (field.id == 4) {
      page.checksum = static_cast<uint32_t>(reader.read_integer());
    } else if (field.id == 5 && is_struct) {
      reader.read_struct(read_data);
    } else if (field.id == 7 && is_struct) {
      reader.read_struct(read_dictionary);
    } else if (field.id == 8 && is_struct) {
      reader.read_struct(read_data_v2);
    } else {
      reader.skip(field.type);
    }
  });
  size = reader.position();
  if (reader.failed()) return std::nullopt;
  return page;
}

const char* name(Codec codec) {
  constexpr const char* kNames[] = {"UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"};
  return static_cast<size_t>(codec) < std::size(kNames) ? kNames[static_cast<size_t>(codec)] : "unknown";
}

const char* name(Encoding encoding) {
  constexpr const char* kNames[] = {"PLAIN", "1", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY",
                                    "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"};
  return static_cast<size_t>(encoding) < std::size(kNames) ? kNames[static_cast<size_t>(encoding)] : "unknown";
}

}  // namespace headrace::frame::parquet
