#pragma once

#include <nanobind/nanobind.h>

#include "frame/arrow_interface.h"

namespace headrace::python {

/// A frame of what an object offers by `__arrow_c_stream__` or `__arrow_c_array__`: the fields of structs, or one column.
/// TypeError if it offers neither. Raises what importing raises.
frame::DataFrame frame_from_arrow(nanobind::handle object);
/// Whether an object offers `__arrow_c_array__` or `__arrow_c_stream__`.
bool offers_arrow(nanobind::handle object);

/// The capsule that `__arrow_c_stream__` returns; `requested` is a capsule of a schema or None.
nanobind::object stream_capsule(frame::DataFrame frame, nanobind::handle requested);
/// The same of one column, in no structs.
nanobind::object column_capsule(const frame::Field& field, const frame::Column& column, nanobind::handle requested);
/// The capsule that `__arrow_c_schema__` returns.
nanobind::object schema_capsule(const frame::Schema& schema);

}  // namespace headrace::python
