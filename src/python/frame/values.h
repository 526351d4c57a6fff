#pragma once

#include <nanobind/nanobind.h>

#include <optional>

#include "frame/data_frame.h"

namespace headrace::python {

/// The Python object that a value is: None, bool, int, float, decimal.Decimal, str, bytes, datetime.date, datetime.datetime,
/// datetime.timedelta (nanoseconds are cut off), list.
nanobind::object value_at(const frame::Array& array, size_t row);

/// A column of the values of a sequence. Without a type, it is that of the first value that is not None, floats if whole
/// numbers and floats stand together; TypeError or OverflowError names the value's place otherwise.
frame::Column column_from_sequence(nanobind::handle values, const std::optional<frame::DataType>& type);

}  // namespace headrace::python
