#pragma once

#include <string>
#include <string_view>

namespace headrace::python {

/// How a component shows itself, made from its JSON form: `Strip(strip_left=True, …)`, a
/// call for an object with a "type", `{"key":value}` for any other.
std::string representation(std::string_view json);
/// The same with lists, maps and strings cut short, and no more than some levels deep.
std::string short_representation(std::string_view json);

}  // namespace headrace::python
