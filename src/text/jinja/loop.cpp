#include "text/jinja/loop.h"

#include <algorithm>

#include "text/jinja/compare.h"
#include "text/jinja/renderer.h"

namespace headrace::text::jinja {

LoopObject::LoopObject(Heap& heap, const For& statement, Ref<Scope> outer, Value iterable, int depth)
    : Object(heap), statement_(statement), outer_(std::move(outer)), iterable_(std::move(iterable)), depth_(depth) {
  cursor_.emplace(heap, iterable_);
}

void LoopObject::drop_references() {
  outer_ = {};
  iterable_ = Value();
  cursor_.reset();
  std::exchange(ahead_, {});
  previous_.reset();
  current_.reset();
  last_changed_.reset();
}

bool LoopObject::fetch(Renderer& renderer, Value& item) {
  while (cursor_->next(item)) {
    if (!statement_.condition) return true;
    const auto scope = renderer.open_scope(outer_, statement_.condition_scope);
    statement_.target.assign(renderer, *scope, item);
    if (is_true(statement_.condition->evaluate(renderer, *scope))) return true;
  }
  return false;
}

bool LoopObject::peek(Renderer& renderer) {
  Value item;
  if (!ahead_.empty()) return true;
  if (!fetch(renderer, item)) return false;
  ahead_.push_back(std::move(item));
  return true;
}

bool LoopObject::advance(Renderer& renderer, Value& item) {
  if (!ahead_.empty()) {
    item = std::move(ahead_.back());
    ahead_.pop_back();
  } else if (!fetch(renderer, item)) {
    return false;
  }
  ++index0_;
  previous_ = std::move(current_);
  current_ = item;
  return true;
}

int64_t LoopObject::length(Renderer& renderer) {
  if (length_ >= 0) return length_;
  if (!statement_.condition && length_of(iterable_) >= 0) return length_ = length_of(iterable_);
  std::vector<Value> rest;
  for (Value item; fetch(renderer, item);) rest.push_back(std::move(item));
  std::ranges::reverse(rest);
  rest.insert(rest.end(), ahead_.begin(), ahead_.end());
  ahead_ = std::move(rest);
  return length_ = static_cast<int64_t>(ahead_.size()) + index0_ + 1;
}

std::optional<Value> LoopObject::attribute(Renderer& renderer, std::string_view name) {
  if (name == "index") return Value(index0_ + 1);
  if (name == "index0") return Value(index0_);
  if (name == "first") return Value(index0_ == 0);
  if (name == "last") return Value(!peek(renderer));
  if (name == "length") return Value(length(renderer));
  if (name == "revindex") return Value(length(renderer) - index0_);
  if (name == "revindex0") return Value(length(renderer) - index0_ - 1);
  if (name == "depth") return Value(int64_t{depth_} + 1);
  if (name == "depth0") return Value(int64_t{depth_});
  if (name == "previtem") return previous_ ? *previous_ : renderer.undefined("there is no previous item");
  if (name == "nextitem") return peek(renderer) ? ahead_.back() : renderer.undefined("there is no next item");
  return std::nullopt;
}

Value LoopObject::cycle(const Arguments& arguments) const {
  if (arguments.positional.empty()) stop("loop.cycle() needs something to cycle through");
  return arguments.positional[static_cast<size_t>(std::max<int64_t>(index0_, 0)) % arguments.positional.size()];
}

Value LoopObject::changed(Renderer& renderer, const Arguments& arguments) {
  Value now = make_tuple(renderer.heap(), arguments.positional);
  if (last_changed_ && equal(renderer.heap(), *last_changed_, now)) return Value(false);
  last_changed_ = std::move(now);
  return Value(true);
}

Value LoopObject::call(Renderer& renderer, const Arguments& arguments) {
  if (!statement_.recursive) stop("a loop is called that is not marked 'recursive'");
  if (arguments.positional.size() != 1) stop("a loop is called with one iterable");
  const Renderer::Nesting nesting(renderer);
  std::string text = renderer.capture(
      [&] { statement_.run(renderer, *outer_, arguments.positional[0], depth_ + 1); });
  return make_string(renderer.heap(), std::move(text));
}

}  // namespace headrace::text::jinja
