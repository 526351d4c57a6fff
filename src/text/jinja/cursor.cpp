#include "text/jinja/cursor.h"

#include "text/jinja/failure.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

Value view_item(Heap& heap, ViewOf what, const Entry& entry) {
  switch (what) {
    case ViewOf::Keys: return entry.first;
    case ViewOf::Values: return entry.second;
    case ViewOf::Items: break;
  }
  return make_tuple(heap, {entry.first, entry.second});
}

}  // namespace

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined:
    case Kind::String:
    case Kind::List:
    case Kind::Tuple:
    case Kind::Dictionary:
    case Kind::Range:
    case Kind::View:
    case Kind::Iterator: return true;
    default: return false;
  }
}

Cursor::Cursor(Heap& heap, Value iterable) : heap_(&heap), iterable_(std::move(iterable)) {
  if (!is_iterable(iterable_)) stop("a {} cannot be iterated", type_name(iterable_));
}

bool Cursor::next(Value& item) {
  heap_->step();
  switch (iterable_.kind()) {
    case Kind::String: {
      const std::string_view text = iterable_.text();
      if (position_ >= text.size()) return false;
      const uint32_t size = decode_at(text, position_).size;
      item = make_string(*heap_, std::string(text.substr(position_, size)));
      position_ += size;
      return true;
    }
    case Kind::List:
    case Kind::Tuple:
      if (position_ >= iterable_.items().size()) return false;
      item = iterable_.items()[position_++];
      return true;
    case Kind::Dictionary: {
      const auto& entries = iterable_.as<DictionaryObject>().entries();
      if (position_ >= entries.size()) return false;
      item = entries[position_++].first;
      return true;
    }
    case Kind::Range: {
      const RangeObject& range = iterable_.as<RangeObject>();
      if (position_ >= static_cast<uint64_t>(range.size)) return false;
      item = Value(range_at(range, static_cast<int64_t>(position_++)));
      return true;
    }
    case Kind::View: {
      const ViewObject& view = iterable_.as<ViewObject>();
      if (position_ >= view.dictionary->entries().size()) return false;
      item = view_item(*heap_, view.what, view.dictionary->entries()[position_++]);
      return true;
    }
    case Kind::Iterator: {
      IteratorObject& iterator = iterable_.as<IteratorObject>();
      if (iterator.position >= iterator.items.size()) {
        if (iterator.failure) throw *iterator.failure;
        return false;
      }
      item = iterator.items[iterator.position++];
      return true;
    }
    default: return false;
  }
}

std::vector<Value> collect(Heap& heap, const Value& iterable) {
  Cursor cursor(heap, iterable);
  std::vector<Value> items;
  for (Value item; cursor.next(item);) {
    if (items.size() == items.capacity()) heap.expect(items.size() * 2 * sizeof(Value));
    items.push_back(std::move(item));
  }
  return items;
}

int64_t length_of(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined: return 0;
    case Kind::String: return static_cast<int64_t>(value.as<StringObject>().length());
    case Kind::List:
    case Kind::Tuple: return static_cast<int64_t>(value.items().size());
    case Kind::Dictionary: return static_cast<int64_t>(value.as<DictionaryObject>().entries().size());
    case Kind::Range: return value.as<RangeObject>().size;
    case Kind::View: return static_cast<int64_t>(value.as<ViewObject>().dictionary->entries().size());
    default: return -1;
  }
}

int64_t range_at(const RangeObject& range, int64_t index) { return range.start + index * range.step; }

}  // namespace headrace::text::jinja
