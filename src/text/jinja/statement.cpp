#include "text/jinja/statement.h"

#include "text/jinja/callable.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/loop.h"
#include "text/jinja/renderer.h"

namespace headrace::text::jinja {

Flow Body::execute(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  for (const StatementPtr& statement : statements) {
    renderer.heap().step();
    renderer.at(statement->line);
    if (const Flow flow = statement->execute(renderer, scope); flow != Flow::Normal) return flow;
  }
  return Flow::Normal;
}

void Target::assign(Renderer& renderer, Scope& scope, Value value) const {
  if (is_tuple) {
    if (value.is_undefined() || !is_iterable(value)) renderer.at(line);
    const std::vector<Value> values = collect(renderer.heap(), value);
    if (values.size() != items.size())
      stop("{} values are unpacked into {} names", values.size(), items.size());
    for (size_t i = 0; i < items.size(); ++i) items[i].assign(renderer, scope, values[i]);
    return;
  }
  if (attribute.empty()) return scope.set(name, std::move(value));
  const Value* found = scope.find(name);
  if (!found || !found->is(Kind::Namespace))
    stop("'{}' is no namespace, so its attribute '{}' cannot be set", renderer.name_of(name), attribute);
  found->as<NamespaceObject>().set(make_string(renderer.heap(), attribute), std::move(value));
}

Flow Text::execute(Renderer& renderer, Scope&) const {
  renderer.write(text);
  return Flow::Normal;
}

Flow Output::execute(Renderer& renderer, Scope& scope) const {
  renderer.write(value->evaluate(renderer, scope));
  return Flow::Normal;
}

Flow If::execute(Renderer& renderer, Scope& scope) const {
  for (const auto& [condition, body] : branches)
    if (is_true(condition->evaluate(renderer, scope))) return body.execute(renderer, scope);
  return otherwise.execute(renderer, scope);
}

Flow For::execute(Renderer& renderer, Scope& scope) const {
  return run(renderer, scope, iterable->evaluate(renderer, scope), 0);
}

Flow For::run(Renderer& renderer, Scope& scope, Value iterable, int depth) const {
  Heap& heap = renderer.heap();
  const Ref<Scope> outer(&scope);
  const auto loop = heap.make<LoopObject>(*this, outer, std::move(iterable), depth);
  const Value loop_value(Kind::Loop, loop);
  auto turn = renderer.open_scope(outer, body.scope_number);
  bool completed = false;
  for (Value item; loop->advance(renderer, item);) {
    // A macro may have kept the last turn's scope.
    if (turn->is_unshared()) {
      turn->clear();
    } else {
      turn = renderer.open_scope(outer, body.scope_number);
    }
    turn->set(loop_name, loop_value);
    target.assign(renderer, *turn, std::move(item));
    const Flow flow = body.execute(renderer, *turn);
    if (flow == Flow::Break) break;
    // As in Jinja, a turn that is cut short does not count for `else`.
    completed |= flow == Flow::Normal;
  }
  if (completed || otherwise.statements.empty()) return Flow::Normal;
  const auto inner = renderer.open_scope(outer, otherwise.scope_number);
  return otherwise.execute(renderer, *inner);
}

Flow Jump::execute(Renderer&, Scope&) const { return flow; }

Flow Set::execute(Renderer& renderer, Scope& scope) const {
  target.assign(renderer, scope, value->evaluate(renderer, scope));
  return Flow::Normal;
}

namespace {

// The text of a block's body, run in a scope of its own.
std::string captured(Renderer& renderer, Scope& scope, const Body& body, Flow& flow) {
  const auto inner = renderer.open_scope(Ref<Scope>(&scope), body.scope_number);
  return renderer.capture([&] { flow = body.execute(renderer, *inner); });
}

}  // namespace

Flow SetBlock::execute(Renderer& renderer, Scope& scope) const {
  Flow flow = Flow::Normal;
  Value value = make_string(renderer.heap(), captured(renderer, scope, body, flow));
  if (flow != Flow::Normal) return flow;
  if (filter) value = filter->apply(renderer, scope, std::move(value));
  target.assign(renderer, scope, std::move(value));
  return Flow::Normal;
}

Flow With::execute(Renderer& renderer, Scope& scope) const {
  const auto inner = renderer.open_scope(Ref<Scope>(&scope), body.scope_number);
  for (const auto& [target, value] : variables) target.assign(renderer, *inner, value->evaluate(renderer, scope));
  return body.execute(renderer, *inner);
}

Flow FilterBlock::execute(Renderer& renderer, Scope& scope) const {
  Flow flow = Flow::Normal;
  Value value = make_string(renderer.heap(), captured(renderer, scope, body, flow));
  if (flow != Flow::Normal) return flow;
  value = filter->apply(renderer, scope, std::move(value));
  if (!value.is_string()) stop("a filter block's filters must give a string, not a {}", type_name(value));
  renderer.write(value);
  return flow;
}

Flow Macro::execute(Renderer& renderer, Scope& scope) const {
  scope.set(name, Value(Kind::Callable, renderer.heap().make<MacroObject>(definition, Ref<Scope>(&scope))));
  return Flow::Normal;
}

Flow CallBlock::execute(Renderer& renderer, Scope& scope) const {
  const auto macro = renderer.heap().make<MacroObject>(caller, Ref<Scope>(&scope));
  const Value value(Kind::Callable, macro);
  renderer.write(call->call(renderer, scope, &value));
  return Flow::Normal;
}

Flow Generation::execute(Renderer& renderer, Scope& scope) const {
  const auto inner = renderer.open_scope(Ref<Scope>(&scope), body.scope_number);
  return body.execute(renderer, *inner);
}

}  // namespace headrace::text::jinja
