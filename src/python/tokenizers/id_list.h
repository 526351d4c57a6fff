#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <span>

namespace headrace::python {

/// A list of ids. Equal ids are one int object, in all lists: a text repeats its ids, and making an int costs
/// several times what sharing one does. The objects are kept.
nanobind::list list_of_ids(std::span<const uint32_t> ids);

}  // namespace headrace::python
