#include "text/jinja/builtins.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/failure.h"
#include "text/jinja/item_path.h"
#include "text/jinja/parameters.h"
#include "text/jinja/renderer.h"

namespace headrace::text::jinja {
namespace {

// The arguments after the first `count`.
Arguments after(const Arguments& arguments, size_t count) {
  Arguments rest;
  for (size_t i = count; i < arguments.positional.size(); ++i) rest.positional.push_back(arguments.positional[i]);
  rest.named = arguments.named;
  return rest;
}

std::string_view name_argument(const Arguments& arguments, size_t index, std::string_view what) {
  const Value& name = arguments.positional[index];
  if (!name.is_string()) stop("the name of a {} is a string, not a {}", what, type_name(name));
  return name.text();
}

void map_attribute(Renderer& renderer, const Value& subject, const Arguments& arguments, std::vector<Value>& out) {
  const Parameters given("map", arguments, {"attribute", "default"});
  const ItemPath path(renderer.heap(), given.get(0));
  for (Value& item : collect(renderer.heap(), subject))
    out.push_back(path.follow(renderer, std::move(item), given.unless_none(1)));
}

void map_items(Renderer& renderer, const Value& subject, const Arguments& arguments, std::vector<Value>& out) {
  if (!is_true(subject)) return;
  if (arguments.positional.empty()) {
    for (const auto& [name, value] : arguments.named)
      if (name == "attribute") return map_attribute(renderer, subject, arguments, out);
    stop("map() needs the name of a filter, or an attribute");
  }
  const std::string_view name = name_argument(arguments, 0, "filter");
  const FilterFunction filter = find_filter(name);
  if (!filter) stop("there is no filter '{}'", name);
  const Arguments rest = after(arguments, 1);
  const Renderer::Nesting nesting(renderer);
  for (const Value& item : collect(renderer.heap(), subject)) out.push_back(filter(renderer, item, rest));
}

Value map(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return make_lazy(renderer.heap(),
                   [&](std::vector<Value>& out) { map_items(renderer, subject, arguments, out); });
}

// Keeps the items that a test accepts (or refuses), looking at a part of each.
void pick_items(Renderer& renderer, const Value& subject, const Arguments& arguments, bool by_attribute, bool wanted,
                std::vector<Value>& kept) {
  Heap& heap = renderer.heap();
  if (!is_true(subject)) return;
  const size_t first = by_attribute ? 1 : 0;
  if (arguments.positional.size() < first) stop("the attribute to select by is missing");
  const ItemPath path(heap, by_attribute ? &arguments.positional[0] : nullptr);
  TestFunction test = nullptr;
  Arguments rest;
  if (arguments.positional.size() > first) {
    const std::string_view name = name_argument(arguments, first, "test");
    test = find_test(name);
    if (!test) stop("there is no test '{}'", name);
    rest = after(arguments, first + 1);
  }
  const Renderer::Nesting nesting(renderer);
  for (Value& item : collect(heap, subject)) {
    const Value part = path.follow(renderer, item);
    if ((test ? test(renderer, part, rest) : is_true(part)) == wanted) kept.push_back(std::move(item));
  }
}

Value pick(Renderer& renderer, const Value& subject, const Arguments& arguments, bool by_attribute, bool wanted) {
  return make_lazy(renderer.heap(), [&](std::vector<Value>& kept) {
    pick_items(renderer, subject, arguments, by_attribute, wanted, kept);
  });
}

Value select(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return pick(renderer, subject, arguments, false, true);
}
Value reject(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return pick(renderer, subject, arguments, false, false);
}
Value select_by(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return pick(renderer, subject, arguments, true, true);
}
Value reject_by(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return pick(renderer, subject, arguments, true, false);
}

constexpr Named<FilterFunction> kFilters[] = {{"map", map},
                                              {"reject", reject},
                                              {"rejectattr", reject_by},
                                              {"select", select},
                                              {"selectattr", select_by}};

}  // namespace

std::span<const Named<FilterFunction>> selection_filters() { return kFilters; }

}  // namespace headrace::text::jinja
