#pragma once

#include <string>
#include <vector>

#include "frame/data_frame.h"
#include "frame/parquet/metadata.h"

namespace headrace::frame::parquet {

/// One list around a leaf: the definition levels from which on it is not null, and has an item.
struct ListLevel {
  int defined = 0;
  int item = 0;
};

/// A column of the file that is one here: values, or lists of lists of them.
struct Leaf {
  std::string name;
  size_t chunk = 0;  ///< which of a row group's
  Physical physical = Physical::Boolean;
  int32_t fixed_bytes = 0;
  Meaning meaning{};
  DataType value_type{};          ///< of a value
  DataType type{};                ///< of the column: value_type within lists.size() lists
  std::vector<ListLevel> lists{}; ///< from the outermost
  int greatest_definition = 0;
  int greatest_repetition() const { return static_cast<int>(lists.size()); }
};

/// A column that nothing here reads, and why.
struct Unreadable {
  std::string name;
  std::string why;
};

struct LeafSchema {
  std::vector<Leaf> leaves;
  std::vector<Unreadable> unreadable;
};

/// The columns of a file's schema. InvalidData if it is not a tree.
Result<LeafSchema> leaves_of(const FileMetadata& file);

}  // namespace headrace::frame::parquet
