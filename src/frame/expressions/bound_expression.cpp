#include "frame/expressions/bound_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "frame/column_function.h"
#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/expressions/cast.h"
#include "frame/expressions/operators.h"
#include "frame/expressions/types.h"
#include "frame/functions/function.h"
#include "frame/windows/over.h"

namespace headrace::frame {

/// One step: what it is made of has been given its types.
struct BoundExpression::Node {
  enum class Step : uint8_t { Column, Literal, Binary, Unary, Cast, When, Function, Call };
  Step step = Step::Literal;
  DataType type;
  std::vector<std::shared_ptr<const Node>> inputs;
  size_t column = 0;
  Scalar literal;
  BinaryOperator binary = BinaryOperator::Add;
  UnaryOperator unary = UnaryOperator::Not;
  bool strict = true;
  std::shared_ptr<const BoundFunction> function;
  std::shared_ptr<const ColumnFunction> call;
  std::string text;  // for messages

  Result<Operand> evaluate(const Chunk& chunk, const std::shared_ptr<MemoryBudget>& budget) const;
};

namespace {

using Node = BoundExpression::Node;
using NodePointer = std::shared_ptr<const Node>;

/// An array of one row becomes the value again that it was calculated for.
Result<Operand> as_operand(Array array, bool is_scalar) {
  if (!is_scalar) return Operand(std::move(array));
  HR_TRY(Scalar scalar, Scalar::at(array, 0));
  return Operand(std::move(scalar));
}

Result<Array> as_array(const Operand& operand, size_t rows, const std::shared_ptr<MemoryBudget>& budget) {
  if (!operand.is_scalar()) return operand.array();
  return repeat(operand.scalar(), rows, budget);
}

/// What is made of literals alone is one. What fails is left to fail where rows are calculated.
NodePointer folded(const NodePointer& node) {
  const auto is_literal = [](const NodePointer& input) { return input->step == Node::Step::Literal; };
  if (!std::ranges::all_of(node->inputs, is_literal)) return node;
  const auto value = node->evaluate({.columns = {}, .rows = 1}, process_budget());
  if (!value || !value->is_scalar()) return node;
  auto literal = std::make_shared<Node>();
  literal->type = node->type;
  literal->literal = value->scalar();
  literal->text = node->text;
  return literal;
}

NodePointer cast_to(NodePointer input, const DataType& type, bool strict = true) {
  if (input->type == type) return input;
  auto node = std::make_shared<Node>();
  node->step = Node::Step::Cast;
  node->type = type;
  node->strict = strict;
  node->text = input->text;
  node->inputs = {std::move(input)};
  return folded(node);
}

class Binder {
 public:
  Binder(const Schema& schema, std::span<const Expression> aggregates, std::span<const DataType> types)
      : schema_(schema), aggregates_(aggregates), types_(types) {}

  Result<NodePointer> bind(const Expression& expression) {
    if (++depth_ > kDeepest) return fail(ErrorKind::OutOfRange, fmt::format("An expression is nested more than {} deep.", kDeepest));
    auto node = is_of_context(expression) ? of_context(expression)
                                          : std::visit([&](const auto& kind) { return of(expression, kind); }, expression.kind());
    --depth_;
    return node;
  }

 private:
  static constexpr int kDeepest = 1000;

  std::shared_ptr<Node> step(Node::Step step, const Expression& expression) const {
    auto node = std::make_shared<Node>();
    node->step = step;
    node->text = to_string(expression);
    return node;
  }

  std::unexpected<Error> wrong(const Expression& expression, const Error& error) const {
    return fail(error.kind, fmt::format("{}: {}.", to_string(expression), error.message));
  }

  Result<NodePointer> of(const Expression& expression, const Expression::Column& column) {
    HR_TRY(const size_t index, schema_.index_of(column.name));
    auto node = step(Node::Step::Column, expression);
    node->column = index;
    node->type = schema_[index].type;
    return node;
  }

  Result<NodePointer> of(const Expression& expression, const Expression::Literal& literal) {
    auto node = step(Node::Step::Literal, expression);
    node->type = literal.value.type();
    node->literal = literal.value;
    return node;
  }

  /// Whether a value is of literals alone, chosen among: such take the type of what they stand beside.
  static bool is_of_literals(const Node& node) {
    if (node.step == Node::Step::When) return is_of_literals(*node.inputs[0]) && is_of_literals(*node.inputs[1]);
    if (node.step == Node::Step::Cast) return false;
    return node.step == Node::Step::Literal;
  }
  /// What all of the literals can be held as.
  static Result<DataType> type_beside(const Node& node, const DataType& beside) {
    if (node.step == Node::Step::Literal) return literal_type(node.literal, beside);
    HR_TRY(const DataType then, type_beside(*node.inputs[0], beside));
    HR_TRY(const DataType otherwise, type_beside(*node.inputs[1], beside));
    return common_type(then, otherwise);
  }
  static void adapt(NodePointer& side, const NodePointer& other) {
    if (!is_of_literals(*side) || is_of_literals(*other)) return;
    const auto type = type_beside(*side, other->type);
    if (type && can_cast(side->type, *type)) side = cast_to(side, *type);
  }

  Result<NodePointer> of(const Expression& expression, const Expression::Binary& binary) {
    HR_TRY(NodePointer left, bind(expression.inputs()[0]));
    HR_TRY(NodePointer right, bind(expression.inputs()[1]));
    adapt(left, right);
    adapt(right, left);
    const auto types = types_of(binary.op, left->type, right->type);
    if (!types) return wrong(expression, types.error());
    for (const auto& [from, to] : {std::pair{left->type, types->left}, {right->type, types->right}}) {
      if (!can_cast(from, to))
        return wrong(expression, {ErrorKind::InvalidArgument, fmt::format("{} cannot be cast to {}", to_string(from), to_string(to))});
    }
    auto node = step(Node::Step::Binary, expression);
    node->binary = binary.op;
    node->type = types->result;
    node->inputs = {cast_to(left, types->left), cast_to(right, types->right)};
    return folded(types->after ? cast_to(node, *types->after) : NodePointer(node));
  }

  Result<NodePointer> of(const Expression& expression, const Expression::Unary& unary) {
    using enum UnaryOperator;
    HR_TRY(NodePointer input, bind(expression.inputs()[0]));
    const DataType& type = input->type;
    const bool about_nan = unary.op == IsNan || unary.op == IsNotNan;
    const bool fits = unary.op == Not ? type.id() == TypeId::Bool || type.id() == TypeId::Null
                      : unary.op == Negate
                          ? type.is_signed_integer() || type.is_float() || type.id() == TypeId::Decimal || type.id() == TypeId::Duration
                      : about_nan ? type.is_numeric()
                                  : true;
    if (!fits) return wrong(expression, {ErrorKind::InvalidArgument, fmt::format("{} has none such", to_string(type))});
    auto node = step(Node::Step::Unary, expression);
    node->unary = unary.op;
    node->type = unary.op == Negate ? type : DataType(TypeId::Bool);
    node->inputs = {unary.op == Not ? cast_to(input, TypeId::Bool) : input};
    return node;
  }

  Result<NodePointer> of(const Expression& expression, const Expression::Cast& cast) {
    HR_TRY(NodePointer input, bind(expression.inputs()[0]));
    if (!can_cast(input->type, cast.type)) {
      return wrong(expression,
                   {ErrorKind::InvalidArgument, fmt::format("{} cannot be cast to {}", to_string(input->type), to_string(cast.type))});
    }
    return cast_to(input, cast.type, cast.strict);
  }

  Result<NodePointer> of(const Expression& expression, const Expression::When&) {
    HR_TRY(NodePointer then, bind(expression.inputs()[0]));
    HR_TRY(NodePointer otherwise, bind(expression.inputs()[1]));
    HR_TRY(NodePointer condition, bind(expression.inputs()[2]));
    if (condition->type.id() != TypeId::Bool && condition->type.id() != TypeId::Null) {
      return wrong(expression, {ErrorKind::InvalidArgument, fmt::format("its condition is {} and no Boolean", to_string(condition->type))});
    }
    adapt(then, otherwise);
    adapt(otherwise, then);
    const auto both = common_type(then->type, otherwise->type);
    if (!both) return wrong(expression, both.error());
    auto node = step(Node::Step::When, expression);
    node->type = *both;
    node->inputs = {cast_to(then, *both), cast_to(otherwise, *both), cast_to(condition, TypeId::Bool)};
    return node;
  }

  /// What is calculated of whole groups is a column here.
  Result<NodePointer> of_context(const Expression& expression) {
    const auto place = std::ranges::find(aggregates_, expression);
    if (place == aggregates_.end()) {
      const bool is_aggregate = std::holds_alternative<Expression::Aggregate>(expression.kind());
      const char* what = is_aggregate ? "an aggregate" : "what looks at other rows";
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("{}: {} cannot stand here, within another or where rows are calculated.", to_string(expression), what));
    }
    auto node = step(Node::Step::Column, expression);
    const auto index = static_cast<size_t>(place - aggregates_.begin());
    node->column = schema_.size() + index;
    node->type = types_[index];
    return node;
  }

  Result<NodePointer> of(const Expression& expression, const Expression::Function& what) {
    std::vector<NodePointer> nodes;
    std::vector<FunctionInput> inputs;
    for (const Expression& input : expression.inputs()) {
      HR_TRY(NodePointer bound, bind(input));
      inputs.push_back({bound->type, bound->step == Node::Step::Literal ? &bound->literal : nullptr});
      nodes.push_back(std::move(bound));
    }
    auto function = bind_function(what, inputs);
    if (!function) return wrong(expression, function.error());
    auto node = step(Node::Step::Function, expression);
    node->type = function->result;
    for (size_t i = 0; i < nodes.size(); ++i) node->inputs.push_back(cast_to(nodes[i], function->inputs[i]));
    node->function = std::make_shared<const BoundFunction>(*std::move(function));
    return folded(node);
  }

  Result<NodePointer> of(const Expression& expression, const Expression::Call& call) {
    auto node = step(Node::Step::Call, expression);
    std::vector<DataType> types;
    for (const Expression& input : expression.inputs()) {
      HR_TRY(NodePointer bound, bind(input));
      types.push_back(bound->type);
      node->inputs.push_back(std::move(bound));
    }
    const auto type = call.function->bind(types);
    if (!type) return wrong(expression, type.error());
    node->type = *type;
    node->call = call.function;
    return node;
  }

  /// Those that of_context() knows.
  Result<NodePointer> of(const Expression& expression, const Expression::Aggregate&) { return of_context(expression); }
  Result<NodePointer> of(const Expression& expression, const Expression::Over&) { return of_context(expression); }

  Result<NodePointer> of(const Expression& expression, const Expression::Alias&) { return bind(expression.inputs()[0]); }

  const Schema& schema_;
  std::span<const Expression> aggregates_;
  std::span<const DataType> types_;
  int depth_ = 0;
};

Result<Array> test_null(UnaryOperator op, const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Bitmap out, Bitmap::zeros(array.size(), budget));
  const bool wanted = op == UnaryOperator::IsNotNull;
  for (size_t row = 0; row < array.size(); ++row) {
    if (array.is_valid(row) == wanted) out.set(row);
  }
  return Array::make({.type = TypeId::Bool, .size = array.size(), .values = out.buffer(), .nulls = 0});
}

Result<Array> test_nan(UnaryOperator op, const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Bitmap out, Bitmap::zeros(array.size(), budget));
  const bool wanted = op == UnaryOperator::IsNan;
  for (size_t row = 0; row < array.size(); ++row) {
    const bool is_nan = array.type().id() == TypeId::Float64   ? std::isnan(array.data<double>()[row])
                        : array.type().id() == TypeId::Float32 ? std::isnan(array.data<float>()[row])
                                                               : false;
    if (is_nan == wanted) out.set(row);
  }
  return Array::make({.type = TypeId::Bool, .size = array.size(), .validity = array.validity(), .values = out.buffer()});
}

Result<Array> negated(const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  const bool is_float = array.type().is_float();
  const Scalar zero = is_float ? Scalar::of(array.type(), -0.0) : Scalar::of(array.type(), Int128{0});
  return arithmetic(BinaryOperator::Subtract, Operand(zero), Operand(array), array.type(), array.size(), budget);
}

Result<Array> unary_of(UnaryOperator op, const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  switch (op) {
    case UnaryOperator::Not: return negation(array, budget);
    case UnaryOperator::Negate: return negated(array, budget);
    case UnaryOperator::IsNull:
    case UnaryOperator::IsNotNull: return test_null(op, array, budget);
    case UnaryOperator::IsNan:
    case UnaryOperator::IsNotNan: return test_nan(op, array, budget);
  }
  std::unreachable();
}

/// Values of a fixed width are taken from where they are.
template <class T>
Result<Array> chosen_fixed(const Array& then, const Array& otherwise, const Array& condition, const std::shared_ptr<MemoryBudget>& budget) {
  const size_t rows = condition.size();
  Array::Parts parts{.type = then.type(), .size = rows};
  HR_TRY(parts.values, Buffer::allocate(rows * sizeof(T), budget));
  const Bitmap bits = condition.bits();
  const bool has_nulls = then.nulls() > 0 || otherwise.nulls() > 0;
  if (has_nulls) {
    HR_TRY(parts.validity, Bitmap::zeros(rows, budget));
  }
  const T *yes = then.data<T>(), *no = otherwise.data<T>();
  T* out = parts.values.as<T>();
  for (size_t row = 0; row < rows; ++row) {
    const bool holds = condition.is_valid(row) && bits[row];
    out[row] = holds ? yes[row] : no[row];
    if (has_nulls && (holds ? then : otherwise).is_valid(row)) parts.validity.set(row);
  }
  return Array::make(std::move(parts));
}

/// Rows of `then` where the condition holds, of `otherwise` where it does not or is null.
Result<Array> chosen(const Array& then, const Array& otherwise, const Array& condition, const std::shared_ptr<MemoryBudget>& budget) {
  if (then.type().layout() == Layout::Fixed && then.type().id() != TypeId::Categorical) {
    switch (then.type().value_bytes()) {
      case 1: return chosen_fixed<uint8_t>(then, otherwise, condition, budget);
      case 2: return chosen_fixed<uint16_t>(then, otherwise, condition, budget);
      case 4: return chosen_fixed<uint32_t>(then, otherwise, condition, budget);
      case 8: return chosen_fixed<uint64_t>(then, otherwise, condition, budget);
      default: return chosen_fixed<Int128>(then, otherwise, condition, budget);
    }
  }
  // One array after the other, and the rows of either.
  std::vector<uint64_t> rows(condition.size());
  const Bitmap bits = condition.bits();
  for (size_t row = 0; row < rows.size(); ++row) rows[row] = condition.is_valid(row) && bits[row] ? row : then.size() + row;
  const Array both[] = {then, otherwise};
  HR_TRY(const Array all, concatenate(both, budget));
  return gather(all, rows, budget);
}

/// A call for all rows, in pieces of as many as the function prefers.
Result<Array> called(const ColumnFunction& function, const std::vector<Array>& inputs, const DataType& type, size_t rows,
                     const std::shared_ptr<MemoryBudget>& budget) {
  const size_t most = std::clamp<size_t>(function.traits().preferred_rows, 1, std::max<size_t>(rows, 1));
  std::vector<Array> made;
  for (size_t begin = 0; begin < rows || made.empty(); begin += most) {
    const size_t size = std::min(most, rows - begin);
    std::vector<Array> some;
    for (const Array& input : inputs) some.push_back(input.slice(begin, size));
    HR_TRY(Array one, function.call(some, size, budget));
    HR_CHECK(check_answer(function, one, type, size));
    made.push_back(std::move(one));
  }
  return concatenate(made, budget);
}

}  // namespace

Result<Operand> BoundExpression::Node::evaluate(const Chunk& chunk, const std::shared_ptr<MemoryBudget>& budget) const {
  if (step == Step::Column) return Operand(chunk.columns[column]);
  if (step == Step::Literal) return Operand(literal);
  std::vector<Operand> sides;
  bool all_scalar = true;
  for (const NodePointer& input : inputs) {
    HR_TRY(Operand side, input->evaluate(chunk, budget));
    all_scalar = all_scalar && side.is_scalar();
    sides.push_back(std::move(side));
  }
  // A list is no single value, and neither is a call: each row has its own.
  all_scalar = all_scalar && type.id() != TypeId::List && step != Step::Call;
  const size_t rows = all_scalar ? 1 : chunk.rows;
  const auto named = [&](Result<Array> result) -> Result<Operand> {
    if (!result) return fail(result.error().kind, fmt::format("{}: {}.", text, result.error().message));
    return as_operand(*std::move(result), all_scalar);
  };
  const auto array_of = [&](size_t side) { return as_array(sides[side], rows, budget); };
  switch (step) {
    case Step::Binary: {
      if (all_scalar) {
        HR_TRY(Array left, array_of(0));
        sides[0] = Operand(std::move(left));
      }
      if (binary >= BinaryOperator::And) {
        HR_TRY(const Array left, array_of(0));
        HR_TRY(const Array right, array_of(1));
        return named(logic(binary, left, right, budget));
      }
      if (binary >= BinaryOperator::Equal) return named(comparison(binary, sides[0], sides[1], rows, budget));
      return named(arithmetic(binary, sides[0], sides[1], type, rows, budget));
    }
    case Step::Unary: {
      HR_TRY(const Array input, array_of(0));
      return named(unary_of(unary, input, budget));
    }
    case Step::Cast: {
      HR_TRY(const Array input, array_of(0));
      return named(cast(input, type, strict, budget));
    }
    case Step::When: {
      HR_TRY(const Array then, array_of(0));
      HR_TRY(const Array otherwise, array_of(1));
      HR_TRY(const Array condition, array_of(2));
      return named(chosen(then, otherwise, condition, budget));
    }
    case Step::Function: return named(function->call(sides, rows, budget));
    case Step::Call: {
      std::vector<Array> arrays;
      for (size_t i = 0; i < sides.size(); ++i) {
        HR_TRY(Array array, array_of(i));
        arrays.push_back(std::move(array));
      }
      return named(called(*call, arrays, type, rows, budget));
    }
    case Step::Column:
    case Step::Literal: break;
  }
  std::unreachable();
}

Result<BoundExpression> BoundExpression::bind(const Expression& expression, const Schema& schema) {
  return bind(expression, schema, {}, {});
}

Result<BoundExpression> BoundExpression::bind(const Expression& expression, const Schema& schema, std::span<const Expression> aggregates,
                                              std::span<const DataType> types) {
  BoundExpression bound;
  HR_TRY(bound.node_, Binder(schema, aggregates, types).bind(expression));
  return bound;
}

BoundExpression BoundExpression::cast_to(const DataType& type) const {
  BoundExpression cast;
  cast.node_ = headrace::frame::cast_to(node_, type);
  return cast;
}

const DataType& BoundExpression::type() const { return node_->type; }

namespace {

void mark_columns_of(const Node& node, std::vector<bool>& read) {
  if (node.step == Node::Step::Column && node.column < read.size()) read[node.column] = true;
  for (const NodePointer& input : node.inputs) mark_columns_of(*input, read);
}

}  // namespace

namespace {

bool can_fail(const Node& node) {
  const bool fails = (node.step == Node::Step::Cast && node.strict && !always_fits(node.inputs[0]->type, node.type)) ||
                     (node.step == Node::Step::Binary && node.type.id() == TypeId::Decimal) ||
                     (node.step == Node::Step::Unary && node.unary == UnaryOperator::Negate && node.type.id() == TypeId::Decimal) ||
                     (node.step == Node::Step::Function && node.function->can_fail) ||
                     (node.step == Node::Step::Call && node.call->traits().can_fail);
  return fails || std::ranges::any_of(node.inputs, [](const NodePointer& input) { return can_fail(*input); });
}

}  // namespace

bool BoundExpression::can_fail() const { return frame::can_fail(*node_); }

void BoundExpression::mark_columns(std::vector<bool>& read) const { mark_columns_of(*node_, read); }

Result<Array> BoundExpression::evaluate(const Chunk& chunk, const std::shared_ptr<MemoryBudget>& budget) const {
  HR_TRY(const Operand value, node_->evaluate(chunk, budget));
  return as_array(value, chunk.rows, budget);
}

}  // namespace headrace::frame
