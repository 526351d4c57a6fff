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

Value map_attribute(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("map", arguments, {"attribute", "default"});
  const ItemPath path(renderer.heap(), given.get(0));
  std::vector<Value> items = collect(renderer.heap(), subject);
  for (Value& item : items) item = path.follow(renderer, std::move(item), given.unless_none(1));
  return make_iterator(renderer.heap(), std::move(items));
}

Value map_items(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  if (!is_true(subject)) return make_iterator(renderer.heap(), {});
  if (arguments.positional.empty()) {
    for (const auto& [name, value] : arguments.named)
      if (name == "attribute") return map_attribute(renderer, subject, arguments);
    stop("map() needs the name of a filter, or an attribute");
  }
  const std::string_view name = name_argument(arguments, 0, "filter");
  const FilterFunction filter = find_filter(name);
  if (!filter) stop("there is no filter '{}'", name);
  const Arguments rest = after(arguments, 1);
  std::vector<Value> items = collect(renderer.heap(), subject);
  const Renderer::Nesting nesting(renderer);
  for (Value& item : items) item = filter(renderer, item, rest);
  return make_iterator(renderer.heap(), std::move(items));
}

// Keeps the items that a test accepts (or refuses), looking at a part of each.
Value pick(Renderer& renderer, const Value& subject, const Arguments& arguments, bool by_attribute, bool wanted) {
  Heap& heap = renderer.heap();
  if (!is_true(subject)) return make_iterator(heap, {});
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
  std::vector<Value> kept;
  for (Value& item : collect(heap, subject)) {
    const Value part = path.follow(renderer, item);
    if ((test ? test(renderer, part, rest) : is_true(part)) == wanted) kept.push_back(std::move(item));
  }
  return make_iterator(heap, std::move(kept));
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

constexpr Named<FilterFunction> kFilters[] = {{"map", map_items},
                                              {"reject", reject},
                                              {"rejectattr", reject_by},
                                              {"select", select},
                                              {"selectattr", select_by}};

}  // namespace

std::span<const Named<FilterFunction>> selection_filters() { return kFilters; }

}  // namespace headrace::text::jinja
