#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/jinja/expression.h"

namespace headrace::text::jinja {

/// How a statement ended.
enum class Flow { Normal, Break, Continue };

class Statement {
 public:
  virtual ~Statement() = default;
  virtual Flow execute(Renderer& renderer, Scope& scope) const = 0;
  int line = 0;
};

using StatementPtr = std::unique_ptr<const Statement>;

/// Statements one after the other.
struct Body {
  Flow execute(Renderer& renderer, Scope& scope) const;
  std::vector<StatementPtr> statements;
  uint32_t scope_number = 0;  ///< which of the program's scopes this body opens, if it does
};

/// What can be assigned to: a name, an attribute of a namespace, or a tuple of these.
struct Target {
  void assign(Renderer& renderer, Scope& scope, Value value) const;
  NameId name = 0;
  std::string attribute;            ///< of the namespace `name`, if not empty
  bool is_tuple = false;
  std::vector<Target> items;
  int line = 0;
};

struct Text final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  std::string text;
};

struct Output final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  ExpressionPtr value;
};

struct If final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};

struct For final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  /// Runs over `iterable`; `depth` counts recursive calls of the loop.
  Flow run(Renderer& renderer, Scope& scope, Value iterable, int depth) const;
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  ///< null: every item
  uint32_t condition_scope = 0;
  Body body, otherwise;
  bool recursive = false;
  NameId loop_name = 0;
};

struct Jump final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  Flow flow = Flow::Break;
};

struct Set final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  Target target;
  ExpressionPtr value;
};

/// `{% set x %}…{% endset %}`.
struct SetBlock final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  Target target;
  std::unique_ptr<const Filter> filter;  ///< may be null
  Body body;
};

struct With final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  std::vector<std::pair<Target, ExpressionPtr>> variables;
  Body body;
};

struct FilterBlock final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  std::unique_ptr<const Filter> filter;
  Body body;
};

/// The signature and body of a macro or of a call block's caller.
struct MacroDefinition {
  struct Parameter {
    std::string name;
    NameId id = 0;
    ExpressionPtr otherwise;  ///< null: undefined
  };
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  bool uses_caller = false, uses_names = false, uses_positions = false;  ///< caller, kwargs, varargs
  bool names_caller = false;                                             ///< `caller` is one of the parameters
  NameId caller_name = 0, kwargs_name = 0, varargs_name = 0;
};

struct Macro final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  MacroDefinition definition;
  NameId name = 0;
};

struct CallBlock final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  std::unique_ptr<const Call> call;
  MacroDefinition caller;
};

/// `{% generation %}`: marks what the assistant says; only its body is rendered.
struct Generation final : Statement {
  Flow execute(Renderer& renderer, Scope& scope) const override;
  Body body;
};

/// A template, parsed.
struct Program {
  Program() : constants(UINT64_MAX, UINT64_MAX) {}
  Heap constants;
  std::vector<std::string> names;
  /// For each scope, the names it hides (see Symbols).
  std::vector<std::vector<NameId>> hidden;
  Body body;
};

}  // namespace headrace::text::jinja
