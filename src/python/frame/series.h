#pragma once

#include <optional>

#include "python/frame/bindings.h"

namespace headrace::python {

/// A column of what Python offers: a Series, Arrow data, a NumPy array, a list. TypeError or ValueError says what is wrong.
frame::Column column_of(nanobind::handle values, const std::optional<frame::DataType>& type);
frame::DataFrame as_frame(const Series& series);

}  // namespace headrace::python
