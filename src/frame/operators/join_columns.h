#pragma once

#include <span>
#include <vector>

#include "frame/join.h"

namespace headrace::frame {

/// Where a column of a join's result comes from.
struct JoinColumn {
  enum class From : uint8_t {
    Left,
    Right,
    Either,  ///< the left one where there is a left row, else the right one; both as the type of the field
  };
  From from = From::Left;
  size_t column = 0;  ///< of its side; of Either, the left one
  size_t other = 0;   ///< of Either, the right one
};

struct JoinColumns {
  Schema schema;
  std::vector<JoinColumn> columns;
};
/// What the result of a join consists of.
Result<JoinColumns> join_columns(const Schema& left, const Schema& right, std::span<const Expression> left_on,
                                 std::span<const Expression> right_on,
                                 const JoinOptions& options);

/// The type that keys are compared as: one that holds every value of both, as they are. InvalidArgument if there is none.
Result<DataType> join_type(const DataType& left, const DataType& right);

}  // namespace headrace::frame
