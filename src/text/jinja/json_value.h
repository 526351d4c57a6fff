#pragma once

#include <nlohmann/json.hpp>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// A JSON document as the value that Python's json.loads makes of it. Strings are
/// borrowed from `json`, which must outlive the heap.
Value value_of_json(Heap& heap, const nlohmann::ordered_json& json, int depth = 0);

}  // namespace headrace::text::jinja
