#pragma once

#include <string>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// The choices of Python's json.dumps that `tojson` offers.
struct JsonLayout {
  bool ascii = false;
  bool sorted = false;
  bool indented = false;
  std::string indent;  ///< of one level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

/// Writes a value as json.dumps does; stops on values that JSON lacks.
std::string json_text(Heap& heap, const Value& value, const JsonLayout& layout);

}  // namespace headrace::text::jinja
