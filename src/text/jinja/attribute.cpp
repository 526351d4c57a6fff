#include "text/jinja/attribute.h"

#include "text/jinja/callable.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/cycler.h"
#include "text/jinja/failure.h"
#include "text/jinja/loop.h"
#include "text/jinja/renderer.h"
#include "text/jinja/text_of.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

std::string described(const Value& value) {
  return value.is_none() ? "None" : fmt::format("a {}", type_name(value));
}

bool is_hashable(const Value& value) {
  if (value.is(Kind::List) || value.is(Kind::Dictionary)) return false;
  if (value.is(Kind::Tuple))
    for (const Value& item : value.items())
      if (!is_hashable(item)) return false;
  return true;
}

std::optional<Value> item_at(Heap& heap, const Value& value, int64_t index) {
  const int64_t length = length_of(value);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return std::nullopt;
  if (value.is(Kind::Range)) return Value(range_at(value.as<RangeObject>(), index));
  if (!value.is_string()) return value.items()[static_cast<size_t>(index)];
  const std::string_view text = value.text();
  const bool ascii = value.as<StringObject>().is_ascii();
  if (!ascii) heap.step(text.size() / 16);
  const size_t start = ascii ? static_cast<size_t>(index) : byte_offset(text, static_cast<size_t>(index));
  return make_string(heap, std::string(text.substr(start, decode_at(text, start).size)));
}

std::optional<Value> own_item(Heap& heap, const Value& value, const Value& key) {
  if (value.is(Kind::Dictionary)) {
    if (!is_hashable(key)) return std::nullopt;
    const Value* found = value.as<DictionaryObject>().find(key);
    return found ? std::optional(*found) : std::nullopt;
  }
  const bool indexed =
      value.is_string() || value.is(Kind::List) || value.is(Kind::Tuple) || value.is(Kind::Range);
  return indexed && key.is_integral() ? item_at(heap, value, key.integer()) : std::nullopt;
}

/// Python's slice.indices.
struct SliceBounds {
  int64_t start, step, count;
};

int64_t slice_index(const Value* bound, int64_t otherwise) {
  if (!bound || bound->is_none()) return otherwise;
  if (bound->is_undefined()) stop_undefined(*bound);
  if (!bound->is_integral()) stop("a slice's bounds are integers, not {}", type_name(*bound));
  return bound->integer();
}

int64_t clamp_index(int64_t index, int64_t length, int64_t low, int64_t high) {
  if (index < 0) index = index < -length ? low : index + length;
  return std::clamp(index, low, high);
}

SliceBounds slice_bounds(int64_t length, const Value* start, const Value* stop_at, const Value* step) {
  int64_t by = slice_index(step, 1);
  if (by == 0) stop("a slice's step cannot be zero");
  by = std::max(by, -INT64_MAX);
  const int64_t low = by < 0 ? -1 : 0;
  const int64_t high = by < 0 ? length - 1 : length;
  const bool has_start = start && !start->is_none();
  const bool has_stop = stop_at && !stop_at->is_none();
  const int64_t from = has_start ? clamp_index(slice_index(start, 0), length, low, high) : by < 0 ? high : low;
  const int64_t to = has_stop ? clamp_index(slice_index(stop_at, 0), length, low, high) : by < 0 ? low : high;
  int64_t count = 0;
  if (by > 0 && from < to) count = (to - from - 1) / by + 1;
  if (by < 0 && from > to) count = (from - to - 1) / -by + 1;
  return {from, by, count};
}

std::string slice_text(Heap& heap, const StringObject& string, const SliceBounds& bounds) {
  const std::string_view text = string.text();
  heap.step(text.size() / 64);
  std::string out;
  if (string.is_ascii()) {
    if (bounds.step == 1)
      return std::string(text.substr(static_cast<size_t>(bounds.start), static_cast<size_t>(bounds.count)));
    for (int64_t i = 0; i < bounds.count; ++i) out += text[static_cast<size_t>(bounds.start + i * bounds.step)];
    return out;
  }
  if (bounds.step == 1) {
    const size_t begin = byte_offset(text, static_cast<size_t>(bounds.start));
    const size_t size = byte_offset(text.substr(begin), static_cast<size_t>(bounds.count));
    return std::string(text.substr(begin, size));
  }
  std::vector<size_t> starts;
  heap.expect(text.size() * sizeof(size_t));
  for (size_t i = 0; i < text.size(); i += decode_at(text, i).size) starts.push_back(i);
  for (int64_t i = 0; i < bounds.count; ++i) {
    const size_t start = starts[static_cast<size_t>(bounds.start + i * bounds.step)];
    out += text.substr(start, decode_at(text, start).size);
  }
  return out;
}

}  // namespace

std::optional<Value> own_attribute(Renderer& renderer, const Value& value, std::string_view name) {
  switch (value.kind()) {
    case Kind::Namespace:
      if (const Value* found = value.as<NamespaceObject>().find(name)) return *found;
      return std::nullopt;
    case Kind::Loop:
      if (auto found = value.as<LoopObject>().attribute(renderer, name)) return found;
      break;
    case Kind::Cycler:
      if (name == "current") return value.as<CyclerObject>().current();
      break;
    case Kind::Tuple:
      if (value.as<ListObject>().is_group && (name == "grouper" || name == "list"))
        return value.items()[name == "list" ? 1 : 0];
      break;
    case Kind::Callable:
      if (const auto* macro = dynamic_cast<const MacroObject*>(value.object())) return macro->attribute(renderer, name);
      break;
    default: break;
  }
  if (const FilterFunction method = find_method(value, name); method && !name.starts_with('_'))
    return Value(Kind::Callable, renderer.heap().make<BoundFunction>(std::string(name), value, method));
  if (is_forbidden_method(value, name))
    return renderer.undefined(
        fmt::format("'{}' would change a {} in place, which templates may not do", name, type_name(value)));
  return std::nullopt;
}

Value get_attribute(Renderer& renderer, const Value& value, std::string_view name) {
  if (value.is_undefined()) stop_undefined(value);
  if (auto found = own_attribute(renderer, value, name)) return *found;
  if (value.is(Kind::Dictionary))
    if (const Value* found = value.as<DictionaryObject>().find(name)) return *found;
  return renderer.undefined(fmt::format("{} has no attribute '{}'", described(value), name));
}

Value get_item(Renderer& renderer, const Value& value, const Value& key) {
  if (value.is_undefined()) stop_undefined(value);
  if (auto found = own_item(renderer.heap(), value, key)) return *found;
  if (key.is_string())
    if (auto found = own_attribute(renderer, value, key.text())) return *found;
  if (key.is_string()) return renderer.undefined(fmt::format("{} has no attribute '{}'", described(value), key.text()));
  return renderer.undefined(fmt::format("{} has no element {}", described(value), repr_of(renderer.heap(), key)));
}

Value get_slice(Renderer& renderer, const Value& value, const Value* start, const Value* stop_at, const Value* step) {
  Heap& heap = renderer.heap();
  if (value.is_undefined()) stop_undefined(value);
  const bool sliceable = value.is_string() || value.is(Kind::List) || value.is(Kind::Tuple) || value.is(Kind::Range);
  if (!sliceable) stop("a {} cannot be sliced", type_name(value));
  const SliceBounds bounds = slice_bounds(length_of(value), start, stop_at, step);
  if (value.is_string()) {
    const StringObject& string = value.as<StringObject>();
    return make_string(heap, slice_text(heap, string, bounds), string.is_markup());
  }
  if (value.is(Kind::Range)) {
    const RangeObject& range = value.as<RangeObject>();
    const int64_t first = range_at(range, bounds.start);
    const int64_t by = range.step * bounds.step;
    return Value(Kind::Range, heap.make<RangeObject>(first, first + bounds.count * by, by));
  }
  heap.expect(static_cast<uint64_t>(bounds.count) * sizeof(Value));
  std::vector<Value> items;
  items.reserve(static_cast<size_t>(bounds.count));
  for (int64_t i = 0; i < bounds.count; ++i)
    items.push_back(value.items()[static_cast<size_t>(bounds.start + i * bounds.step)]);
  return value.is(Kind::List) ? make_list(heap, std::move(items)) : make_tuple(heap, std::move(items));
}

}  // namespace headrace::text::jinja
