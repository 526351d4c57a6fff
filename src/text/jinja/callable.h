#pragma once

#include <string>

#include "text/jinja/builtins.h"
#include "text/jinja/scope.h"
#include "text/jinja/statement.h"
#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// A built-in function together with the value it is a method of (None for globals).
class BoundFunction final : public CallableObject {
 public:
  BoundFunction(Heap& heap, std::string name, Value subject, FilterFunction function)
      : CallableObject(heap), name_(std::move(name)), subject_(std::move(subject)), function_(function) {}
  Value call(Renderer& renderer, Arguments& arguments) override { return function_(renderer, subject_, arguments); }
  std::string describe() const override { return "<function " + name_ + ">"; }

 private:
  void drop_references() override { subject_ = Value(); }
  std::string name_;
  Value subject_;
  FilterFunction function_;
};

/// A macro, with the scope it was defined in.
class MacroObject final : public CallableObject {
 public:
  MacroObject(Heap& heap, const MacroDefinition& definition, Ref<Scope> scope)
      : CallableObject(heap), definition_(definition), scope_(std::move(scope)) {}
  Value call(Renderer& renderer, Arguments& arguments) override;
  std::string describe() const override { return "<Macro '" + definition_.name + "'>"; }
  /// name, arguments, catch_kwargs, catch_varargs and caller, as templates may ask.
  Value attribute(Renderer& renderer, std::string_view name) const;

 private:
  void drop_references() override { scope_ = {}; }
  void bind_parameters(Renderer& renderer, Scope& scope, Arguments& arguments) const;
  void bind_extras(Renderer& renderer, Scope& scope, Arguments& arguments) const;

  const MacroDefinition& definition_;
  Ref<Scope> scope_;
};

}  // namespace headrace::text::jinja
