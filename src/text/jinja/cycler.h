#pragma once

#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// What the global `cycler` makes: gives its items round and round.
class CyclerObject final : public Object {
 public:
  CyclerObject(Heap& heap, std::vector<Value> items) : Object(heap), items_(std::move(items)) {}
  const Value& current() const { return items_[position_]; }
  Value next() {
    Value item = current();
    position_ = (position_ + 1) % items_.size();
    return item;
  }
  void reset() { position_ = 0; }

 private:
  void drop_references() override { std::exchange(items_, {}); }
  std::vector<Value> items_;
  size_t position_ = 0;
};

/// What the global `joiner` makes: nothing on its first call, its separator after.
class JoinerObject final : public Object {
 public:
  JoinerObject(Heap& heap, Value separator) : Object(heap), separator_(std::move(separator)) {}
  Value call(Heap& heap) { return std::exchange(used_, true) ? separator_ : make_string(heap, ""); }

 private:
  void drop_references() override { separator_ = Value(); }
  Value separator_;
  bool used_ = false;
};

}  // namespace headrace::text::jinja
