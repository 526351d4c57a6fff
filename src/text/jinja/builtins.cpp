#include "text/jinja/builtins.h"

#include <algorithm>

namespace headrace::text::jinja {
namespace {

FilterFunction find_in(std::span<const Named<FilterFunction>> table, std::string_view name) {
  const auto found = std::ranges::lower_bound(table, name, {}, &Named<FilterFunction>::name);
  return found != table.end() && found->name == name ? found->function : nullptr;
}

}  // namespace

FilterFunction find_filter(std::string_view name) {
  for (const auto table : {text_filters(), sequence_filters(), selection_filters(), number_filters()})
    if (const FilterFunction function = find_in(table, name)) return function;
  return nullptr;
}

FilterFunction find_method(const Value& value, std::string_view name) {
  return find_in(value.is_string() ? string_methods() : container_methods(value.kind()), name);
}

bool is_forbidden_method(const Value& value, std::string_view name) {
  constexpr std::string_view kOfLists[] = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
  constexpr std::string_view kOfDictionaries[] = {"clear", "pop", "popitem", "setdefault", "update"};
  if (value.is(Kind::List)) return std::ranges::find(kOfLists, name) != std::end(kOfLists);
  if (value.is(Kind::Dictionary)) return std::ranges::find(kOfDictionaries, name) != std::end(kOfDictionaries);
  return false;
}

}  // namespace headrace::text::jinja
