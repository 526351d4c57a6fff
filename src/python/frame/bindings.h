#pragma once

#include <nanobind/nanobind.h>

#include <string>

#include "frame/data_frame.h"

namespace headrace::python {

/// A column with its name, as Python's Series.
struct Series {
  std::string name;
  frame::Column column;
};

// One function a file: each adds its class to headrace._native.frame.
void bind_data_type(nanobind::module_& module);
void bind_series(nanobind::module_& module);
void bind_data_frame(nanobind::module_& module);

}  // namespace headrace::python
