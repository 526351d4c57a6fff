#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/arithmetic.h"
#include "text/jinja/builtins.h"
#include "text/jinja/scope.h"
#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// A node of the syntax tree that has a value.
class Expression {
 public:
  virtual ~Expression() = default;
  virtual Value evaluate(Renderer& renderer, Scope& scope) const = 0;
  int line = 0;
  int depth = 1;  ///< of the tree beneath and including this node
};

using ExpressionPtr = std::unique_ptr<const Expression>;
using ExpressionList = std::vector<ExpressionPtr>;

struct Constant final : Expression {
  explicit Constant(Value value) : value(std::move(value)) {}
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  Value value;
};

struct Name final : Expression {
  explicit Name(NameId id) : id(id) {}
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  NameId id;
};

/// A list or tuple display.
struct Sequence final : Expression {
  Sequence(Kind kind, ExpressionList items) : kind(kind), items(std::move(items)) {}
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  Kind kind;
  ExpressionList items;
};

struct Dictionary final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};

/// `value if condition else otherwise`; without else it is undefined.
struct Conditional final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  ExpressionPtr condition, value, otherwise;
};

struct Logical final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  bool is_and = false;
  ExpressionPtr left, right;
};

enum class Prefix { Not, Minus, Plus };

struct Unary final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  Prefix prefix = Prefix::Not;
  ExpressionPtr operand;
};

struct Binary final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  Operator operation = Operator::Add;
  ExpressionPtr left, right;
};

enum class Comparison { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, In, NotIn };

/// `a < b <= c`: all of the neighbours compare so.
struct Compare final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
};

/// `a ~ b ~ c`.
struct Concatenation final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  ExpressionList items;
};

struct Attribute final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  ExpressionPtr object;
  std::string name;
};

struct Subscript final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  ExpressionPtr object, key;
};

struct Slice final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  ExpressionPtr object, start, stop, step;
};

/// What stands between a call's parentheses.
struct ArgumentList {
  ExpressionList positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr spread, spread_named;
  Arguments evaluate(Renderer& renderer, Scope& scope) const;
};

struct Call final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override { return call(renderer, scope, nullptr); }
  /// Calls with one more named argument, `caller`, unless it is null.
  Value call(Renderer& renderer, Scope& scope, const Value* caller) const;
  ExpressionPtr callee;
  ArgumentList arguments;
};

struct Filter final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  /// Applies the chain to a value that takes the place of the missing subject.
  Value apply(Renderer& renderer, Scope& scope, Value subject) const;
  ExpressionPtr subject;  ///< null at the end of a filter block's chain
  std::string name;
  FilterFunction function = nullptr;  ///< null: unknown, and an error only when it is reached
  ArgumentList arguments;
};

struct Test final : Expression {
  Value evaluate(Renderer& renderer, Scope& scope) const override;
  ExpressionPtr subject;
  std::string name;
  TestFunction function = nullptr;
  ArgumentList arguments;
};

}  // namespace headrace::text::jinja
