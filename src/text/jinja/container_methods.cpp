#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/cycler.h"
#include "text/jinja/failure.h"
#include "text/jinja/loop.h"
#include "text/jinja/parameters.h"
#include "text/jinja/renderer.h"

namespace headrace::text::jinja {
namespace {

template <ViewOf what>
Value view(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("this method", arguments, {});
  const Ref<DictionaryObject> dictionary(&self.as<DictionaryObject>());
  return Value(Kind::View, renderer.heap().make<ViewObject>(dictionary, what));
}

Value get(Renderer&, const Value& self, const Arguments& arguments) {
  if (!arguments.named.empty()) stop("get() takes no arguments by name");
  const Parameters given("get", arguments, {"key", "default"}, 1);
  const Value* found = self.as<DictionaryObject>().find(*given.get(0));
  return found ? *found : given.value(1, Value::none());
}

// Nothing can change a dictionary, so a copy is the same one.
Value copy(Renderer&, const Value& self, const Arguments& arguments) {
  const Parameters given("copy", arguments, {});
  return self;
}

Value count(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("count", arguments, {"value"}, 1);
  int64_t found = 0;
  Cursor cursor(renderer.heap(), self);
  for (Value item; cursor.next(item);) found += equal(renderer.heap(), item, *given.get(0));
  return Value(found);
}

Value index(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("index", arguments, {"value", "start", "stop"}, 1);
  const int64_t length = length_of(self);
  int64_t start = given.integer(1, 0);
  int64_t end = given.integer(2, length);
  if (start < 0) start = std::max<int64_t>(start + length, 0);
  if (end < 0) end += length;
  Cursor cursor(renderer.heap(), self);
  Value item;
  for (int64_t i = 0; cursor.next(item); ++i)
    if (i >= start && i < end && equal(renderer.heap(), item, *given.get(0))) return Value(i);
  stop("the value that index() looks for is not there");
}

Value cycle(Renderer&, const Value& self, const Arguments& arguments) {
  return self.as<LoopObject>().cycle(arguments);
}
Value changed(Renderer& renderer, const Value& self, const Arguments& arguments) {
  return self.as<LoopObject>().changed(renderer, arguments);
}
Value call_loop(Renderer& renderer, const Value& self, const Arguments& arguments) {
  return self.as<LoopObject>().call(renderer, arguments);
}

Value next(Renderer&, const Value& self, const Arguments& arguments) {
  const Parameters given("next", arguments, {});
  return self.as<CyclerObject>().next();
}
Value reset(Renderer&, const Value& self, const Arguments& arguments) {
  const Parameters given("reset", arguments, {});
  self.as<CyclerObject>().reset();
  return Value::none();
}
Value call_joiner(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("joiner", arguments, {});
  return self.as<JoinerObject>().call(renderer.heap());
}

constexpr Named<FilterFunction> kDictionaryMethods[] = {{"copy", copy},
                                                        {"get", get},
                                                        {"items", view<ViewOf::Items>},
                                                        {"keys", view<ViewOf::Keys>},
                                                        {"values", view<ViewOf::Values>}};
constexpr Named<FilterFunction> kListMethods[] = {{"copy", copy}, {"count", count}, {"index", index}};
constexpr Named<FilterFunction> kTupleMethods[] = {{"count", count}, {"index", index}};
constexpr Named<FilterFunction> kLoopMethods[] = {{"__call__", call_loop}, {"changed", changed}, {"cycle", cycle}};
constexpr Named<FilterFunction> kCyclerMethods[] = {{"next", next}, {"reset", reset}};
constexpr Named<FilterFunction> kJoinerMethods[] = {{"__call__", call_joiner}};

}  // namespace

std::span<const Named<FilterFunction>> container_methods(Kind kind) {
  switch (kind) {
    case Kind::Dictionary: return kDictionaryMethods;
    case Kind::List: return kListMethods;
    case Kind::Tuple:
    case Kind::Range: return kTupleMethods;
    case Kind::Loop: return kLoopMethods;
    case Kind::Cycler: return kCyclerMethods;
    case Kind::Joiner: return kJoinerMethods;
    default: return {};
  }
}

}  // namespace headrace::text::jinja
