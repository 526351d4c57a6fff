#pragma once

#include <string>

#include "python/errors.h"
#include "text/encoding.h"

namespace headrace::python {

inline text::Side side_of(const std::string& word, const std::string& message) {
  if (word == "left") return text::Side::Left;
  if (word == "right") return text::Side::Right;
  throw Failure({ErrorKind::InvalidArgument, message, word});
}
inline const char* name_of(text::Side side) { return side == text::Side::Left ? "left" : "right"; }

}  // namespace headrace::python
