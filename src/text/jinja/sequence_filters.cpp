#include <algorithm>

#include "text/jinja/arithmetic.h"
#include "text/jinja/attribute.h"
#include "text/jinja/builtins.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/failure.h"
#include "text/jinja/item_path.h"
#include "text/jinja/loop.h"
#include "text/jinja/parameters.h"
#include "text/jinja/renderer.h"
#include "text/jinja/text_of.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

using Keyed = std::pair<Value, Value>;  // what to compare by, and the item

// A stable sort; equal items keep their order in both directions.
void sort_keyed(Heap& heap, std::vector<Keyed>& items, bool descending) {
  std::ranges::stable_sort(items, [&](const Keyed& left, const Keyed& right) {
    return descending ? less(heap, right.first, left.first) : less(heap, left.first, right.first);
  });
}

Value length(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("length", arguments, {});
  if (subject.is(Kind::Loop)) return Value(subject.as<LoopObject>().length(renderer));
  const int64_t size = length_of(subject);
  if (size < 0) stop("a {} has no length", type_name(subject));
  return Value(size);
}

Value to_list(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("list", arguments, {});
  return make_list(renderer.heap(), collect(renderer.heap(), subject));
}

Value first(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("first", arguments, {});
  Cursor cursor(renderer.heap(), subject);
  Value item;
  return cursor.next(item) ? item : renderer.undefined("the sequence has no first item, as it is empty");
}

Value last(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("last", arguments, {});
  const int64_t size = length_of(subject);
  if (size < 0) stop("the last item of a {} cannot be had", type_name(subject));
  if (size == 0) return renderer.undefined("the sequence has no last item, as it is empty");
  if (subject.is_string() || subject.is(Kind::List) || subject.is(Kind::Tuple) || subject.is(Kind::Range))
    return get_item(renderer, subject, Value(int64_t{-1}));
  return collect(renderer.heap(), subject).back();
}

Value reverse(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("reverse", arguments, {});
  const Value by(int64_t{-1});
  if (subject.is_string()) return get_slice(renderer, subject, nullptr, nullptr, &by);
  std::vector<Value> items = collect(renderer.heap(), subject);
  std::ranges::reverse(items);
  if (subject.is(Kind::Iterator)) return make_list(renderer.heap(), std::move(items));
  return make_iterator(renderer.heap(), std::move(items), "reversed");
}

Value join(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("join", arguments, {"d", "attribute"});
  const ItemPath path(heap, given.get(1));
  const std::string separator = given.get(0) ? text_of(heap, *given.get(0)) : "";
  std::string text;
  bool first_item = true;
  Cursor cursor(heap, subject);
  for (Value item; cursor.next(item);) {
    if (!std::exchange(first_item, false)) text += separator;
    append_text(heap, text, path.follow(renderer, std::move(item)));
    heap.expect(text.size());
  }
  return make_string(heap, std::move(text));
}

std::vector<Keyed> keyed(Renderer& renderer, const Value& subject, const ItemPath& path, bool case_sensitive,
                         const Value* otherwise = nullptr) {
  std::vector<Keyed> items;
  for (Value& item : collect(renderer.heap(), subject)) {
    Value key = path.follow(renderer, item, otherwise);
    if (!case_sensitive) key = without_case(renderer.heap(), std::move(key));
    items.emplace_back(std::move(key), std::move(item));
  }
  return items;
}

Value sort(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const std::vector<ItemPath> paths = item_paths(heap, given.get(2));
  std::vector<Keyed> items;
  for (Value& item : collect(heap, subject)) {
    std::vector<Value> key;
    for (const ItemPath& path : paths) {
      Value part = path.follow(renderer, item);
      key.push_back(given.truth(1, false) ? std::move(part) : without_case(heap, std::move(part)));
    }
    items.emplace_back(make_list(heap, std::move(key)), std::move(item));
  }
  sort_keyed(heap, items, given.truth(0, false));
  std::vector<Value> sorted;
  for (Keyed& item : items) sorted.push_back(std::move(item.second));
  return make_list(heap, std::move(sorted));
}

Value dictsort(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const std::string_view by = given.text(1, "key");
  if (by != "key" && by != "value") stop("dictsort() sorts by 'key' or 'value'");
  if (!subject.is(Kind::Dictionary)) stop("dictsort() needs a dictionary, not a {}", type_name(subject));
  std::vector<Keyed> items;
  for (const auto& [key, value] : subject.as<DictionaryObject>().entries()) {
    Value order = by == "key" ? key : value;
    if (!given.truth(0, false)) order = without_case(heap, std::move(order));
    items.emplace_back(std::move(order), make_tuple(heap, {key, value}));
  }
  sort_keyed(heap, items, given.truth(2, false));
  std::vector<Value> sorted;
  for (Keyed& item : items) sorted.push_back(std::move(item.second));
  return make_list(heap, std::move(sorted));
}

Value unique(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("unique", arguments, {"case_sensitive", "attribute"});
  const ItemPath path(renderer.heap(), given.get(1));
  const auto seen = renderer.heap().make<DictionaryObject>();
  return make_lazy(renderer.heap(), [&](std::vector<Value>& kept) {
    for (Keyed& item : keyed(renderer, subject, path, given.truth(0, false))) {
      if (seen->find(item.first)) continue;
      seen->append(std::move(item.first), Value::none());
      kept.push_back(std::move(item.second));
    }
  });
}

Value extreme(Renderer& renderer, const Value& subject, const Arguments& arguments, bool greatest) {
  const Parameters given(greatest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const ItemPath path(renderer.heap(), given.get(1));
  std::vector<Keyed> items = keyed(renderer, subject, path, given.truth(0, false));
  if (items.empty()) return renderer.undefined("the sequence has no smallest or greatest item, as it is empty");
  const Keyed* best = &items[0];
  for (const Keyed& item : items) {
    if (&item == best) continue;
    const bool better = greatest ? less(renderer.heap(), best->first, item.first, ">")
                                 : less(renderer.heap(), item.first, best->first);
    if (better) best = &item;
  }
  return best->second;
}

Value smallest(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return extreme(renderer, subject, arguments, false);
}
Value greatest(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  return extreme(renderer, subject, arguments, true);
}

Value sum(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("sum", arguments, {"attribute", "start"});
  const ItemPath path(renderer.heap(), given.get(0));
  Value total = given.value(1, Value(int64_t{0}));
  if (total.is_string()) stop("sum() does not add strings; join them");
  for (Value& item : collect(renderer.heap(), subject))
    total = apply(renderer.heap(), Operator::Add, total, path.follow(renderer, std::move(item)));
  return total;
}

Value make_group(Heap& heap, Value key, std::vector<Value> items) {
  Value group = make_tuple(heap, {std::move(key), make_list(heap, std::move(items))});
  group.as<ListObject>().is_group = true;
  return group;
}

Value groupby(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const ItemPath path(heap, given.get(0));
  std::vector<Keyed> items = keyed(renderer, subject, path, given.truth(2, false), given.unless_none(1));
  sort_keyed(heap, items, false);
  std::vector<Value> groups;
  for (size_t i = 0; i < items.size();) {
    size_t end = i;
    std::vector<Value> members;
    for (; end < items.size() && equal(heap, items[end].first, items[i].first); ++end)
      members.push_back(items[end].second);
    if (end == i) members.push_back(items[end++].second);  // a key unequal to itself: not a number
    groups.push_back(make_group(heap, path.follow(renderer, items[i].second, given.unless_none(1)), std::move(members)));
    i = end;
  }
  return make_list(heap, std::move(groups));
}

Value batch(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("batch", arguments, {"linecount", "fill_with"}, 1);
  return make_lazy(heap, [&](std::vector<Value>& batches) {
    const int64_t size = given.integer(0, 1);
    std::vector<Value> current;
    for (Value& item : collect(heap, subject)) {
      if (static_cast<int64_t>(current.size()) == size) batches.push_back(make_list(heap, std::exchange(current, {})));
      current.push_back(std::move(item));
    }
    if (current.empty()) return;
    const Value* fill = given.unless_none(1);
    heap.expect(fill ? static_cast<uint64_t>(std::clamp<int64_t>(size, 0, INT64_MAX / 64)) * sizeof(Value) : 0);
    while (fill && static_cast<int64_t>(current.size()) < size) current.push_back(*fill);
    batches.push_back(make_list(heap, std::move(current)));
  });
}

Value slice(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("slice", arguments, {"slices", "fill_with"}, 1);
  return make_lazy(heap, [&](std::vector<Value>& slices) {
    const int64_t count = given.integer(0, 1);
    if (count == 0) stop("slice() cannot cut into zero parts");
    const std::vector<Value> items = collect(heap, subject);
    const auto size = static_cast<int64_t>(items.size());
    const int64_t each = count > 0 ? size / count : 0;
    const int64_t longer = count > 0 ? size % count : 0;
    auto next = items.begin();
    for (int64_t i = 0; i < count; ++i) {
      const int64_t length = each + (i < longer ? 1 : 0);
      std::vector<Value> part(next, next + length);
      next += length;
      if (const Value* fill = given.unless_none(1); fill && i >= longer) part.push_back(*fill);
      slices.push_back(make_list(heap, std::move(part)));
    }
  });
}

Value items(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("items", arguments, {});
  return make_lazy(renderer.heap(), [&](std::vector<Value>& pairs) {
    if (subject.is_undefined()) return;
    if (!subject.is(Kind::Dictionary)) stop("items needs a dictionary, not a {}", type_name(subject));
    for (const auto& [key, value] : subject.as<DictionaryObject>().entries())
      pairs.push_back(make_tuple(renderer.heap(), {key, value}));
  });
}

Value otherwise(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("default", arguments, {"default_value", "boolean"});
  const bool replaces = subject.is_undefined() || (given.truth(1, false) && !is_true(subject));
  return replaces ? given.value(0, make_string(renderer.heap(), "")) : subject;
}

Value attribute(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("attr", arguments, {"name"}, 1);
  const std::string name = text_of(renderer.heap(), *given.get(0));
  if (subject.is_undefined()) stop_undefined(subject);
  if (auto found = own_attribute(renderer, subject, name)) return *found;
  return renderer.undefined(fmt::format("a {} has no attribute '{}'", type_name(subject), name));
}

constexpr Named<FilterFunction> kFilters[] = {
    {"attr", attribute},   {"batch", batch},     {"count", length},      {"d", otherwise},  {"default", otherwise},
    {"dictsort", dictsort}, {"first", first},     {"groupby", groupby},   {"items", items},  {"join", join},
    {"last", last},        {"length", length},   {"list", to_list},      {"max", greatest}, {"min", smallest},
    {"reverse", reverse},  {"slice", slice},     {"sort", sort},         {"sum", sum},      {"unique", unique},
};

}  // namespace

std::span<const Named<FilterFunction>> sequence_filters() { return kFilters; }

}  // namespace headrace::text::jinja
