#pragma once

#include "frame/data_frame.h"
#include "frame/parquet/write/thrift_writer.h"
#include "frame/parquet/metadata.h"

namespace headrace::frame::parquet {

/// How a leaf's values lie in a file.
struct StoredType {
  Physical physical = Physical::Int32;
  int32_t fixed_bytes = 0;  ///< of a value; 0: of bytes with a length before them, or of bits
};

/// The type inside all lists, and how many there are.
const DataType& leaf_type(const DataType& type);
int list_depth(const DataType& type);
StoredType stored_type_of(const DataType& leaf);
/// Unsupported names a column whose type would not come back as it was.
Result<void> check_written(const Field& field);

/// How many elements of the schema a column has.
int32_t schema_elements(const DataType& type);
/// Appends them, each an item of the footer's list.
void add_schema(ThriftWriter& out, const Field& field);
/// Where the leaf is: names from the column's inwards.
std::vector<std::string> path_of(const Field& field);

}  // namespace headrace::frame::parquet
