#pragma once

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// Whether Python's iter() takes the value.
bool is_iterable(const Value& value);

/// Walks what a `for` can walk: strings by characters, lists, tuples, dictionaries
/// by keys, ranges, views, iterators (which it consumes) and undefined (empty).
class Cursor {
 public:
  /// Stops if the value cannot be iterated.
  Cursor(Heap& heap, Value iterable);
  /// Gives the next item, or returns false at the end.
  bool next(Value& item);

 private:
  Heap* heap_;
  Value iterable_;
  size_t position_ = 0;
};

/// All that is left of an iterable.
std::vector<Value> collect(Heap& heap, const Value& iterable);
/// Python's len(), or -1 for values without one.
int64_t length_of(const Value& value);
/// Item `index` of a range.
int64_t range_at(const RangeObject& range, int64_t index);

}  // namespace headrace::text::jinja
