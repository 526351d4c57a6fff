#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>

#include "text/pipeline.h"

namespace headrace::python {

/// AddedToken as Python sees it: whether it is looked for in normalised text depends, until
/// somebody says so, on whether it is special.
struct PyAddedToken {
  std::string content;
  bool special = false;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  std::optional<bool> said_normalized;

  bool normalized() const { return said_normalized.value_or(!special); }
  text::AddedToken token() const {
    return {.content = content, .single_word = single_word, .lstrip = lstrip, .rstrip = rstrip, .normalized = normalized(), .special = special};
  }
};

PyAddedToken added_token_of(const text::AddedToken& token);
void bind_added_token(nanobind::module_& module);

}  // namespace headrace::python
