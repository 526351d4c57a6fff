#include <algorithm>

#include "text/jinja/callable.h"
#include "text/jinja/renderer.h"

namespace headrace::text::jinja {
namespace {

// Removes and gives the named argument, if it is there.
std::optional<Value> take_named(Arguments& arguments, std::string_view name) {
  const auto found = std::ranges::find(arguments.named, name, [](const auto& argument) { return argument.first; });
  if (found == arguments.named.end()) return std::nullopt;
  Value value = std::move(found->second);
  arguments.named.erase(found);
  return value;
}

Value named_dictionary(Heap& heap, const Arguments& arguments) {
  const auto dictionary = heap.make<DictionaryObject>();
  for (const auto& [name, value] : arguments.named) dictionary->set(make_string(heap, std::string(name)), value);
  return Value(Kind::Dictionary, dictionary);
}

}  // namespace

Value MacroObject::call(Renderer& renderer, Arguments& arguments) {
  const auto scope = renderer.open_scope(scope_, definition_.body.scope_number);
  bind_parameters(renderer, *scope, arguments);
  bind_extras(renderer, *scope, arguments);
  const int line = renderer.line();
  std::string text = renderer.capture([&] { definition_.body.execute(renderer, *scope); });
  renderer.at(line);
  return make_string(renderer.heap(), std::move(text));
}

void MacroObject::bind_parameters(Renderer& renderer, Scope& scope, Arguments& arguments) const {
  std::vector<const MacroDefinition::Parameter*> missing;
  for (size_t i = 0; i < definition_.parameters.size(); ++i) {
    const auto& parameter = definition_.parameters[i];
    if (i < arguments.positional.size()) {
      scope.set(parameter.id, arguments.positional[i]);
    } else if (auto given = take_named(arguments, parameter.name)) {
      scope.set(parameter.id, std::move(*given));
    } else {
      missing.push_back(&parameter);
    }
  }
  // Defaults may read the parameters before them.
  for (const auto* parameter : missing) {
    Value value = parameter->otherwise
                      ? parameter->otherwise->evaluate(renderer, scope)
                      : renderer.undefined(fmt::format("parameter '{}' was not provided", parameter->name));
    scope.set(parameter->id, std::move(value));
  }
}

void MacroObject::bind_extras(Renderer& renderer, Scope& scope, Arguments& arguments) const {
  if (definition_.uses_caller && !definition_.names_caller) {
    auto caller = take_named(arguments, "caller");
    scope.set(definition_.caller_name, caller && !caller->is_none() ? std::move(*caller)
                                                                    : renderer.undefined("no caller is defined"));
  }
  if (definition_.uses_names) {
    scope.set(definition_.kwargs_name, named_dictionary(renderer.heap(), arguments));
  } else if (!arguments.named.empty()) {
    stop("the macro '{}' has no argument '{}'", definition_.name, arguments.named.front().first);
  }
  const size_t count = definition_.parameters.size();
  if (definition_.uses_positions) {
    std::vector<Value> rest;
    for (size_t i = count; i < arguments.positional.size(); ++i) rest.push_back(arguments.positional[i]);
    scope.set(definition_.varargs_name, make_tuple(renderer.heap(), std::move(rest)));
  } else if (arguments.positional.size() > count) {
    stop("the macro '{}' takes at most {} arguments, not {}", definition_.name, count, arguments.positional.size());
  }
}

Value MacroObject::attribute(Renderer& renderer, std::string_view name) const {
  Heap& heap = renderer.heap();
  if (name == "name") return make_string(heap, definition_.name);
  if (name == "catch_kwargs") return Value(definition_.uses_names);
  if (name == "catch_varargs") return Value(definition_.uses_positions);
  if (name == "caller") return Value(definition_.uses_caller);
  if (name != "arguments") return renderer.undefined(fmt::format("a macro has no attribute '{}'", name));
  std::vector<Value> names;
  for (const auto& parameter : definition_.parameters) names.push_back(make_string(heap, parameter.name));
  return make_tuple(heap, std::move(names));
}

}  // namespace headrace::text::jinja
