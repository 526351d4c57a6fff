#pragma once

#include <nanobind/nanobind.h>

#include "frame/data_frame.h"

namespace headrace::python {

/// A column over a one-dimensional NumPy array: of numbers, datetime64[D, ms, us, ns] and timedelta64 without a copy if it is
/// contiguous (NaT is null); of bools a copy; of anything else by its Python objects.
frame::Column column_from_numpy(nanobind::handle array);

/// A NumPy array of a column's values. Without a copy for numbers, dates and times in one chunk without nulls, and then not
/// writable. With nulls: whole numbers become float64 with NaN, times have NaT, all else is an array of objects.
nanobind::object numpy_of(const frame::Column& column);

}  // namespace headrace::python
