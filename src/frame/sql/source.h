#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace headrace::frame::sql {

/// A query's text, and errors at places of it.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text) {}

  std::string_view text() const { return text_; }
  /// `message` is a sentence; line and column come before it, the line with a caret under the place behind.
  std::unexpected<Error> fail(ErrorKind kind, size_t at, std::string_view message, std::string value = {}) const;
  /// What another part found wrong with what stands at this place.
  std::unexpected<Error> fail(size_t at, const Error& error) const;

 private:
  std::string_view text_;
};

}  // namespace headrace::frame::sql
