#pragma once

#include <nanobind/nanobind.h>

#include "engine/request.h"

namespace headrace::python {

/// Reads a headrace.Sampling into a request without a prompt. TypeError names the field
/// that has a value of the wrong type; what is out of range is the engine's to refuse.
engine::Request request_of(const nanobind::object& sampling);

}  // namespace headrace::python
