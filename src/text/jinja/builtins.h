#pragma once

#include <span>
#include <string_view>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// A filter: what stands left of `|`, and what stands in its parentheses. Methods
/// have the same form, the subject being the value before the dot.
using FilterFunction = Value (*)(Renderer& renderer, const Value& subject, const Arguments& arguments);
/// A test, as in `value is name`.
using TestFunction = bool (*)(Renderer& renderer, const Value& subject, const Arguments& arguments);

template <class Function>
struct Named {
  std::string_view name;
  Function function;
};

/// Each returns null for a name that is unknown.
FilterFunction find_filter(std::string_view name);
TestFunction find_test(std::string_view name);
/// A method of the type of `value`.
FilterFunction find_method(const Value& value, std::string_view name);
/// A function that every template can call; its subject is unused.
FilterFunction find_global(std::string_view name);
/// Whether Python's type has a method of that name which would change the value in
/// place; the sandbox forbids it.
bool is_forbidden_method(const Value& value, std::string_view name);

/// The tables, by kind.
std::span<const Named<FilterFunction>> text_filters();
std::span<const Named<FilterFunction>> number_filters();
std::span<const Named<FilterFunction>> sequence_filters();
std::span<const Named<FilterFunction>> selection_filters();
std::span<const Named<FilterFunction>> string_methods();
std::span<const Named<FilterFunction>> container_methods(Kind kind);

}  // namespace headrace::text::jinja
