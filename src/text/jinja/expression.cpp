#include "text/jinja/expression.h"

#include <algorithm>

#include "text/jinja/attribute.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/failure.h"
#include "text/jinja/renderer.h"
#include "text/jinja/text_of.h"

namespace headrace::text::jinja {

Value Constant::evaluate(Renderer&, Scope&) const { return value; }

Value Name::evaluate(Renderer& renderer, Scope& scope) const {
  renderer.heap().step();
  const Value* found = scope.find(id);
  if (found && found != &Scope::kHidden) return *found;
  renderer.at(line);
  if (found) return renderer.undefined(fmt::format("'{}' is undefined", renderer.name_of(id)));
  return renderer.global(id);
}

Value Sequence::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  std::vector<Value> values;
  values.reserve(items.size());
  for (const ExpressionPtr& item : items) values.push_back(item->evaluate(renderer, scope));
  return kind == Kind::List ? make_list(renderer.heap(), std::move(values))
                            : make_tuple(renderer.heap(), std::move(values));
}

Value Dictionary::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  const auto dictionary = renderer.heap().make<DictionaryObject>();
  for (const auto& [key, value] : entries) {
    Value made_key = key->evaluate(renderer, scope);
    Value made_value = value->evaluate(renderer, scope);
    renderer.at(line);
    dictionary->set(std::move(made_key), std::move(made_value));
  }
  return Value(Kind::Dictionary, dictionary);
}

Value Conditional::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  if (is_true(condition->evaluate(renderer, scope))) return value->evaluate(renderer, scope);
  if (otherwise) return otherwise->evaluate(renderer, scope);
  return renderer.undefined(fmt::format("the inline if on line {} is false and has no else", line));
}

Value Logical::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  Value first = left->evaluate(renderer, scope);
  return is_true(first) == is_and ? right->evaluate(renderer, scope) : first;
}

Value Unary::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  const Value value = operand->evaluate(renderer, scope);
  renderer.at(line);
  switch (prefix) {
    case Prefix::Not: return Value(!is_true(value));
    case Prefix::Minus: return negate(value);
    case Prefix::Plus: return plus(value);
  }
  return {};
}

Value Binary::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  const Value first = left->evaluate(renderer, scope);
  const Value second = right->evaluate(renderer, scope);
  renderer.at(line);
  return apply(renderer.heap(), operation, first, second);
}

namespace {

bool holds(Heap& heap, Comparison comparison, const Value& left, const Value& right) {
  switch (comparison) {
    case Comparison::Equal: return equal(heap, left, right);
    case Comparison::NotEqual: return !equal(heap, left, right);
    case Comparison::Less: return less(heap, left, right, "<");
    case Comparison::LessEqual: return less_or_equal(heap, left, right, "<=");
    case Comparison::Greater: return less(heap, right, left, ">");
    case Comparison::GreaterEqual: return less_or_equal(heap, right, left, ">=");
    case Comparison::In: return contains(heap, right, left);
    case Comparison::NotIn: return !contains(heap, right, left);
  }
  return false;
}

}  // namespace

Value Compare::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  Value left = first->evaluate(renderer, scope);
  for (const auto& [comparison, expression] : rest) {
    Value right = expression->evaluate(renderer, scope);
    renderer.at(line);
    if (!holds(renderer.heap(), comparison, left, right)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Value Concatenation::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  std::string text;
  for (const ExpressionPtr& item : items) {
    append_text(renderer.heap(), text, item->evaluate(renderer, scope));
    renderer.heap().expect(text.size());
  }
  return make_string(renderer.heap(), std::move(text));
}

Value Attribute::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  const Value value = object->evaluate(renderer, scope);
  renderer.at(line);
  return get_attribute(renderer, value, name);
}

Value Subscript::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  const Value value = object->evaluate(renderer, scope);
  const Value index = key->evaluate(renderer, scope);
  renderer.at(line);
  return get_item(renderer, value, index);
}

Value Slice::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  const Value value = object->evaluate(renderer, scope);
  const auto bound = [&](const ExpressionPtr& expression) {
    return expression ? expression->evaluate(renderer, scope) : Value::none();
  };
  const Value from = bound(start);
  const Value to = bound(stop);
  const Value by = bound(step);
  renderer.at(line);
  return get_slice(renderer, value, &from, &to, &by);
}

Arguments ArgumentList::evaluate(Renderer& renderer, Scope& scope) const {
  Arguments values;
  values.positional.reserve(positional.size());
  for (const ExpressionPtr& argument : positional) values.positional.push_back(argument->evaluate(renderer, scope));
  for (const auto& [name, argument] : named) values.named.emplace_back(name, argument->evaluate(renderer, scope));
  if (spread)
    for (Value& value : collect(renderer.heap(), spread->evaluate(renderer, scope)))
      values.positional.push_back(std::move(value));
  if (spread_named) {
    const Value more = spread_named->evaluate(renderer, scope);
    if (!more.is(Kind::Dictionary)) stop("'**' needs a dictionary, not a {}", type_name(more));
    for (const auto& [key, value] : more.as<DictionaryObject>().entries()) {
      if (!key.is_string()) stop("the names of arguments are strings, not {}", type_name(key));
      for (const auto& [given, other] : values.named)
        if (given == key.text()) stop("the argument '{}' is given twice", given);
      // The tree's and the dictionary's strings outlive the call: both are held by it.
      values.keep.push_back(key);
      values.named.emplace_back(key.text(), value);
    }
  }
  return values;
}

Value Call::call(Renderer& renderer, Scope& scope, const Value* caller) const {
  const Renderer::Nesting nesting(renderer);
  const auto* method = dynamic_cast<const Attribute*>(callee.get());
  const Value object = method ? method->object->evaluate(renderer, scope) : callee->evaluate(renderer, scope);
  renderer.at(line);
  // A method is called without making an object of it first.
  const FilterFunction function = method ? find_method(object, method->name) : nullptr;
  const Value target = function ? Value::none() : method ? get_attribute(renderer, object, method->name) : object;
  Arguments values = arguments.evaluate(renderer, scope);
  if (caller) values.named.emplace_back("caller", *caller);
  renderer.at(line);
  return function ? function(renderer, object, values) : renderer.call(target, values);
}

Value Filter::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  return apply(renderer, scope, Value());
}

// `block` is what a filter block's chain starts from.
Value Filter::apply(Renderer& renderer, Scope& scope, Value block) const {
  Value value;
  if (!subject) {
    value = std::move(block);
  } else if (const auto* inner = dynamic_cast<const Filter*>(subject.get())) {
    const Renderer::Nesting nesting(renderer);
    value = inner->apply(renderer, scope, std::move(block));
  } else {
    value = subject->evaluate(renderer, scope);
  }
  const Arguments values = arguments.evaluate(renderer, scope);
  renderer.at(line);
  renderer.heap().step();
  if (!function) stop("there is no filter '{}'", name);
  return function(renderer, value, values);
}

Value Test::evaluate(Renderer& renderer, Scope& scope) const {
  const Renderer::Nesting nesting(renderer);
  const Value value = subject->evaluate(renderer, scope);
  const Arguments values = arguments.evaluate(renderer, scope);
  renderer.at(line);
  if (!function) stop("there is no test '{}'", name);
  return Value(function(renderer, value, values));
}

}  // namespace headrace::text::jinja
