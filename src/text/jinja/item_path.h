#pragma once

#include <vector>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// The path to a part of an item that filters take as `attribute`: names and
/// numbers with dots between ("function.name", "0.id"), or one number.
class ItemPath {
 public:
  /// Null or None: the item itself.
  ItemPath(Heap& heap, const Value* attribute);
  /// Follows the path; where a step is undefined, `otherwise` (if not null) takes its place.
  Value follow(Renderer& renderer, Value item, const Value* otherwise = nullptr) const;

 private:
  std::vector<Value> steps_;
};

/// Several paths with commas between, as sort takes them.
std::vector<ItemPath> item_paths(Heap& heap, const Value* attributes);

/// Strings in lower case, for comparisons that ignore case; other values as they are.
Value without_case(Heap& heap, Value value);

}  // namespace headrace::text::jinja
