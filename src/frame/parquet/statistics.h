#pragma once

#include "frame/array.h"
#include "frame/parquet/leaf.h"

namespace headrace::frame::parquet {

/// A least or greatest value of a leaf as an array of it alone; none if it cannot be used: of another width than the type's, NaN, a list.
std::optional<Array> bound_of(const Leaf& leaf, const std::optional<std::string>& bytes);

}  // namespace headrace::frame::parquet
