#include "text/jinja/value.h"

#include <algorithm>

#include "text/jinja/compare.h"
#include "text/jinja/failure.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

constexpr size_t kIndexedFrom = 9;

int depth_of(const Value& value) {
  switch (value.kind()) {
    case Kind::List:
    case Kind::Tuple:
      return value.as<ListObject>().depth();
    case Kind::Dictionary:
      return value.as<DictionaryObject>().depth();
    case Kind::View:
      return value.as<ViewObject>().dictionary->depth() + 1;
    default:
      return 0;
  }
}

int checked_depth(int depth) {
  if (depth > kDeepestNesting) stop_at_limit("values nest more than {} levels deep", kDeepestNesting);
  return depth;
}

}  // namespace

std::string_view Value::text() const { return as<StringObject>().text(); }

std::span<const Value> Value::items() const { return as<ListObject>().items; }

StringObject::StringObject(Heap& heap, std::string text, bool markup)
    : Object(heap), owned_(std::move(text)), text_(owned_), markup_(markup) {}

StringObject::StringObject(Heap& heap, std::string_view borrowed) : Object(heap), text_(borrowed) {}

size_t StringObject::length() const {
  if (length_ == SIZE_MAX) length_ = count_code_points(text_);
  return length_;
}

bool StringObject::is_ascii() const { return length() == text_.size(); }

ListObject::ListObject(Heap& heap, std::vector<Value> items) : Object(heap), items(std::move(items)) {
  for (const Value& item : this->items) depth_ = std::max(depth_, depth_of(item) + 1);
}

const Value* DictionaryObject::find(const Value& key) const {
  const size_t position = position_of(key);
  return position < entries_.size() ? &entries_[position].second : nullptr;
}

const Value* DictionaryObject::find(std::string_view key) const {
  const size_t position = position_of(key);
  return position < entries_.size() ? &entries_[position].second : nullptr;
}

size_t DictionaryObject::position_of(std::string_view key) const {
  if (entries_.size() < kIndexedFrom) {
    for (size_t i = 0; i < entries_.size(); ++i)
      if (entries_[i].first.is_string() && entries_[i].first.text() == key) return i;
    return entries_.size();
  }
  for (; indexed_ < entries_.size(); ++indexed_)
    if (entries_[indexed_].first.is_string())
      index_.emplace(entries_[indexed_].first.text(), static_cast<uint32_t>(indexed_));
  const auto found = index_.find(key);
  return found == index_.end() ? entries_.size() : found->second;
}

size_t DictionaryObject::position_of(const Value& key) const {
  if (key.is_string()) return position_of(key.text());
  require_hashable(key);
  heap().step(entries_.size() / 8);
  for (size_t i = 0; i < entries_.size(); ++i)
    if (!entries_[i].first.is_string() && equal(heap(), entries_[i].first, key)) return i;
  return entries_.size();
}

void DictionaryObject::set(Value key, Value value) {
  const size_t position = position_of(key);
  if (position == entries_.size()) return append(std::move(key), std::move(value));
  depth_ = checked_depth(std::max(depth_, depth_of(value) + 1));
  entries_[position].second = std::move(value);
}

void DictionaryObject::append(Value key, Value value) {
  depth_ = checked_depth(std::max({depth_, depth_of(key) + 1, depth_of(value) + 1}));
  entries_.emplace_back(std::move(key), std::move(value));
  heap().charge(*this, sizeof(Entry));
}

void DictionaryObject::drop_references() {
  index_.clear();
  std::exchange(entries_, {});
}

RangeObject::RangeObject(Heap& heap, int64_t start, int64_t stop, int64_t step)
    : Object(heap), start(start), stop(stop), step(step) {
  const bool empty = step > 0 ? start >= stop : start <= stop;
  if (empty) return;
  const auto low = static_cast<uint64_t>(step > 0 ? start : stop);
  const auto high = static_cast<uint64_t>(step > 0 ? stop : start);
  const uint64_t width = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  const uint64_t count = (high - low - 1) / width + 1;
  size = count > static_cast<uint64_t>(INT64_MAX) ? INT64_MAX : static_cast<int64_t>(count);
}

IteratorObject::IteratorObject(Heap& heap, std::vector<Value> items, const char* type_name)
    : Object(heap), items(std::move(items)), type_name(type_name) {}

const Value* NamespaceObject::find(std::string_view name) const {
  for (const Entry& entry : entries_)
    if (entry.first.text() == name) return &entry.second;
  return nullptr;
}

void NamespaceObject::set(const Value& name, Value value) {
  heap().step(entries_.size() / 8);
  for (Entry& entry : entries_) {
    if (entry.first.text() != name.text()) continue;
    entry.second = std::move(value);
    return;
  }
  entries_.emplace_back(name, std::move(value));
  heap().charge(*this, sizeof(Entry));
}

Value make_string(Heap& heap, std::string text, bool markup) {
  heap.expect(text.size());
  const auto object = heap.make<StringObject>(std::move(text), markup);
  heap.charge(*object, object->text().size());
  return Value(Kind::String, object);
}

namespace {

Ref<ListObject> make_items(Heap& heap, std::vector<Value> items) {
  const auto object = heap.make<ListObject>(std::move(items));
  checked_depth(object->depth());
  heap.charge(*object, object->items.size() * sizeof(Value));
  return object;
}

}  // namespace

Value make_list(Heap& heap, std::vector<Value> items) { return Value(Kind::List, make_items(heap, std::move(items))); }

Value make_tuple(Heap& heap, std::vector<Value> items) {
  return Value(Kind::Tuple, make_items(heap, std::move(items)));
}

Value make_iterator(Heap& heap, std::vector<Value> items, const char* type_name) {
  const auto object = heap.make<IteratorObject>(std::move(items), type_name);
  heap.charge(*object, object->items.size() * sizeof(Value));
  return Value(Kind::Iterator, object);
}

Value make_undefined(Heap& heap, std::string reason) {
  return Value(Kind::Undefined, heap.make<UndefinedObject>(std::move(reason)));
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined: return "Undefined";
    case Kind::None: return "NoneType";
    case Kind::Boolean: return "bool";
    case Kind::Integer: return "int";
    case Kind::Float: return "float";
    case Kind::String: return value.as<StringObject>().is_markup() ? "Markup" : "str";
    case Kind::List: return "list";
    case Kind::Tuple: return "tuple";
    case Kind::Dictionary: return "dict";
    case Kind::Range: return "range";
    case Kind::View: {
      constexpr std::string_view kNames[] = {"dict_keys", "dict_values", "dict_items"};
      return kNames[static_cast<int>(value.as<ViewObject>().what)];
    }
    case Kind::Iterator: return value.as<IteratorObject>().type_name;
    case Kind::Namespace: return "Namespace";
    case Kind::Loop: return "LoopContext";
    case Kind::Cycler: return "Cycler";
    case Kind::Joiner: return "Joiner";
    case Kind::Callable: return "function";
  }
  return "object";
}

void stop_undefined(const Value& value) {
  if (value.object()) stop("{}", value.as<UndefinedObject>().reason);
  stop("a value is undefined");
}

}  // namespace headrace::text::jinja
