#pragma once

#include "frame/array.h"

namespace headrace::frame {

/// Whether cast() knows the way.
bool can_cast(const DataType& from, const DataType& to);

/// Whether every value of one type has its like in the other, or comes near it: a strict cast that cannot fail.
bool always_fits(const DataType& from, const DataType& to);

/// The values as another type. A value that does not fit is null, or with `strict` OutOfRange that names the first such one.
/// Floats lose what is behind the point, whole numbers and decimals become the nearest float, decimals are rounded half away from zero.
/// Text is read as Python would write a number, without spaces around it. InvalidArgument if there is no way.
Result<Array> cast(const Array& array, const DataType& to, bool strict, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
