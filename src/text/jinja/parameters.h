#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// The arguments of a built-in function, matched with its parameters' names as
/// Python does: positions first, then names; anything left over stops.
class Parameters {
 public:
  /// `required` of the names must be given.
  Parameters(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> names,
             size_t required = 0);

  /// The value given for parameter `index`, or null.
  const Value* get(size_t index) const { return values_[index]; }
  /// The same, with None counted as absent.
  const Value* unless_none(size_t index) const;
  Value value(size_t index, Value otherwise) const { return values_[index] ? *values_[index] : std::move(otherwise); }
  bool truth(size_t index, bool otherwise) const;
  /// Stops unless the argument is an int (or bool).
  int64_t integer(size_t index, int64_t otherwise) const;
  /// Stops unless the argument is a string.
  std::string_view text(size_t index, std::string_view otherwise) const;

 private:
  std::string_view function_;
  std::vector<const Value*> values_;
};

}  // namespace headrace::text::jinja
