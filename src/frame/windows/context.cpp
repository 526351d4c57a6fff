#include "frame/windows/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "frame/aggregates/types.h"
#include "frame/column_function.h"
#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/expressions/cast.h"
#include "frame/expressions/pieces.h"
#include "frame/expressions/types.h"
#include "frame/window.h"
#include "frame/windows/async_call.h"
#include "frame/windows/extents.h"
#include "frame/windows/over.h"

namespace headrace::frame {
namespace {

using PartPointer = std::shared_ptr<const ContextExpression::Part>;

/// What is calculated over whole groups and stands in no other such.
void collect_parts(const Expression& expression, std::vector<Expression>& into) {
  if (is_of_context(expression)) {
    if (std::ranges::find(into, expression) == into.end()) into.push_back(expression);
    return;
  }
  for (const Expression& input : expression.inputs()) collect_parts(input, into);
}

bool reads_rows(const Expression& expression) {
  if (is_of_context(expression)) return false;
  return std::holds_alternative<Expression::Column>(expression.kind()) ||
         std::ranges::any_of(expression.inputs(), reads_rows);
}

std::unexpected<Error> wrong(const Expression& expression, const Error& error) {
  return fail(error.kind, fmt::format("{}: {}.", to_string(expression), error.message));
}

/// One row a group.
std::shared_ptr<const Starts> starts_of_each(size_t groups) {
  auto starts = std::make_shared<Starts>(groups + 1);
  std::iota(starts->begin(), starts->end(), uint64_t{0});
  return starts;
}

Result<Array> cast_to(Array array, const DataType& type, const std::shared_ptr<MemoryBudget>& budget) {
  if (array.type() == type) return array;
  return cast(array, type, true, budget);
}

class AggregatePart final : public ContextExpression::Part {
 public:
  static Result<PartPointer> bind(const Expression& expression, const Schema& schema, DataType& type) {
    auto part = std::make_shared<AggregatePart>();
    part->what_ = std::get<Expression::Aggregate>(expression.kind());
    part->text_ = to_string(expression);
    type = TypeId::UInt32;
    if (const double q = part->what_.quantile; !(q >= 0 && q <= 1)) {
      return wrong(expression, {ErrorKind::InvalidArgument, fmt::format("a quantile is between 0 and 1, not {}", q)});
    }
    if (expression.inputs().empty()) return part;
    HR_TRY(part->input_, ContextExpression::bind(expression.inputs()[0], schema));
    const auto types = types_of(part->what_, part->input_->type());
    if (!types) return wrong(expression, types.error());
    part->types_ = *types;
    type = types->result;
    return part;
  }

  bool is_of_rows() const override { return false; }
  void mark_columns(std::vector<bool>& read) const override {
    if (input_) input_->mark_columns(read);
  }
  Result<Values> evaluate(const Context& context) const override {
    if (!input_) return lengths(context);
    HR_TRY(Values input, input_->evaluate(context));
    HR_TRY(input.array, cast_to(std::move(input.array), types_.input, context.budget));
    const std::shared_ptr<const Starts> starts = input.starts ? input.starts : starts_of_each(context.groups());
    const auto accumulator = make_accumulator(what_, types_.input, types_.result, context.budget);
    HR_CHECK(accumulator->resize(context.groups()));
    const std::vector<uint32_t> groups = groups_of(*starts);
    if (!groups.empty()) {
      HR_CHECK(accumulator->update(
          {.input = &input.array, .groups = groups, .places = {}, .is_one_group = context.groups() == 1}));
    }
    auto made = accumulator->finish();
    if (!made) return fail(made.error().kind, fmt::format("{}: {}", text_, made.error().message));
    return Values{*std::move(made)};
  }

  const Expression::Aggregate& what() const { return what_; }
  const std::optional<ContextExpression>& input() const { return input_; }
  const AggregateTypes& types() const { return types_; }

 private:
  static Result<Values> lengths(const Context& context) {
    HR_TRY(Buffer counts, Buffer::allocate(context.groups() * sizeof(uint32_t), context.budget));
    for (size_t i = 0; i < context.groups(); ++i) {
      counts.as<uint32_t>()[i] = static_cast<uint32_t>((*context.starts)[i + 1] - (*context.starts)[i]);
    }
    HR_TRY(Array array,
           Array::make({.type = TypeId::UInt32, .size = context.groups(), .values = std::move(counts), .nulls = 0}));
    return Values{std::move(array)};
  }

  Expression::Aggregate what_;
  std::optional<ContextExpression> input_;
  AggregateTypes types_;
  std::string text_;
};

/// An aggregate of the rows that each row sees.
class FramedPart final : public ContextExpression::Part {
 public:
  static Result<PartPointer> bind(const Expression& expression, const Schema& schema, const Expression::Over& over,
                                  std::span<const Expression> order, DataType& type) {
    auto part = std::make_shared<FramedPart>();
    part->frame_ = *over.frame;
    part->descending_ = !over.descending.empty() && over.descending[0];
    part->text_ = to_string(expression);
    const Expression* bare = &expression;
    while (std::holds_alternative<Expression::Alias>(bare->kind())) bare = &bare->inputs()[0];
    const auto* what = std::get_if<Expression::Aggregate>(&bare->kind());
    if (what == nullptr) return wrong(expression, {ErrorKind::InvalidArgument, "only an aggregate has a frame"});
    part->aggregate_ = {.what = *what, .input = TypeId::Null, .result = TypeId::UInt32};
    if (!bare->inputs().empty()) {
      HR_TRY(part->input_, ContextExpression::bind(bare->inputs()[0], schema));
      const auto types = types_of(*what, part->input_->type());
      if (!types) return wrong(expression, types.error());
      part->aggregate_.input = types->input;
      part->aggregate_.result = types->result;
    }
    using enum AggregateOperator;
    const bool needs_value = what->op == Sum || what->op == Mean || what->op == Min || what->op == Max;
    part->aggregate_.least = needs_value ? 1 : 0;
    for (const Expression& key : order) {
      HR_TRY(ContextExpression bound, ContextExpression::bind(key, schema));
      part->order_.push_back(std::move(bound));
    }
    type = part->aggregate_.result;
    return part;
  }

  bool is_of_rows() const override { return true; }
  void mark_columns(std::vector<bool>& read) const override {
    if (input_) input_->mark_columns(read);
    for (const ContextExpression& key : order_) key.mark_columns(read);
  }
  Result<Values> evaluate(const Context& context) const override {
    std::vector<Array> order;
    for (const ContextExpression& key : order_) {
      HR_TRY(const Values values, key.evaluate(context));
      HR_TRY(Array rows, rows_of(values, *context.starts, context.budget));
      order.push_back(std::move(rows));
    }
    auto extents = extents_of(frame_, *context.starts, order, descending_);
    if (!extents) return fail(extents.error().kind, fmt::format("{}: {}.", text_, extents.error().message));
    HR_TRY(Array input, Array::all_null(TypeId::Null, context.starts->back(), context.budget));
    if (input_) {
      HR_TRY(const Values values, input_->evaluate(context));
      HR_TRY(input, rows_of(values, *context.starts, context.budget));
      HR_TRY(input, cast_to(std::move(input), aggregate_.input, context.budget));
    }
    auto made = framed(aggregate_, input, *extents, *context.starts, context.budget);
    if (!made) return fail(made.error().kind, fmt::format("{}: {}", text_, made.error().message));
    return Values{*std::move(made), context.starts};
  }

 private:
  FramedAggregate aggregate_;
  std::optional<ContextExpression> input_;
  std::vector<ContextExpression> order_;
  WindowFrame frame_;
  bool descending_ = false;
  std::string text_;
};

/// What is an expression of others.
class MadePart final : public ContextExpression::Part {
 public:
  explicit MadePart(ContextExpression expression) : expression_(std::move(expression)) {}
  bool is_of_rows() const override { return expression_.is_of_rows(); }
  void mark_columns(std::vector<bool>& read) const override { expression_.mark_columns(read); }
  Result<Values> evaluate(const Context& context) const override { return expression_.evaluate(context); }

 private:
  ContextExpression expression_;
};

/// What diff() and pct_change() are: of values of a type in which a difference has room.
Expression made_of(const std::string& name, const Expression& input, const Expression& shifted, const DataType& type) {
  const auto as = [&](const Expression& side, const DataType& wanted) {
    return type == wanted ? side : Expression::cast(side, wanted, true);
  };
  using enum TypeId;
  if (name == "diff") {
    const DataType wide = type.id() == UInt8           ? Int16
                          : type.id() == UInt16        ? Int32
                          : type.is_unsigned_integer() ? DataType(Int64)
                                                       : type;
    return Expression::binary(BinaryOperator::Subtract, as(input, wide), as(shifted, wide));
  }
  const DataType real = type.id() == Float32 ? Float32 : Float64;
  const Expression before = as(shifted, real);
  return Expression::binary(BinaryOperator::Divide,
                            Expression::binary(BinaryOperator::Subtract, as(input, real), before), before);
}

class SequencePart final : public ContextExpression::Part {
 public:
  static Result<PartPointer> bind(const Expression& expression, const Schema& schema, DataType& type) {
    auto part = std::make_shared<SequencePart>();
    const auto& function = std::get<Expression::Function>(expression.kind());
    part->text_ = to_string(expression);
    std::vector<DataType> types;
    for (Expression input : expression.inputs()) {
      // A literal takes the type of what it stands beside.
      const auto* literal = std::get_if<Expression::Literal>(&input.kind());
      if (literal != nullptr && !types.empty())
        input = Expression::cast(input, literal_type(literal->value, types[0]), true);
      HR_TRY(ContextExpression bound, ContextExpression::bind(input, schema));
      types.push_back(bound.type());
      part->inputs_.push_back(std::move(bound));
    }
    if (function.name == "diff" || function.name == "pct_change") {
      if (types.size() != 1 || function.options.size() != 1) {
        return wrong(expression,
                     {ErrorKind::InvalidArgument, fmt::format("{} takes one input and one option", function.name)});
      }
      if (const Layout layout = types[0].layout();
          layout == Layout::Views || layout == Layout::Offsets || types[0].id() == TypeId::Categorical) {
        return wrong(expression, {ErrorKind::InvalidArgument,
                                  fmt::format("{} has no {}; cast it", to_string(types[0]), function.name)});
      }
      const Expression& input = expression.inputs()[0];
      const Expression shifted = Expression::function({.name = "shift", .options = function.options}, {input});
      HR_TRY(ContextExpression made, ContextExpression::bind(made_of(function.name, input, shifted, types[0]), schema));
      type = made.type();
      return std::make_shared<MadePart>(std::move(made));
    }
    auto bound = bind_sequence(function, types);
    if (!bound) return wrong(expression, bound.error());
    part->bound_ = *std::move(bound);
    type = part->bound_.result;
    return part;
  }

  bool is_of_rows() const override {
    return bound_.counts_rows ||
           (!bound_.is_of_group &&
            std::ranges::any_of(inputs_, [](const ContextExpression& input) { return input.is_of_rows(); }));
  }
  void mark_columns(std::vector<bool>& read) const override {
    for (const ContextExpression& input : inputs_) input.mark_columns(read);
  }
  Result<Values> evaluate(const Context& context) const override {
    std::vector<Values> inputs;
    std::shared_ptr<const Starts> starts = bound_.counts_rows ? context.starts : nullptr;
    for (const ContextExpression& one : inputs_) {
      HR_TRY(Values values, one.evaluate(context));
      if (values.starts && !starts) starts = values.starts;
      inputs.push_back(std::move(values));
    }
    const bool of_rows = starts != nullptr;
    if (!of_rows) starts = starts_of_each(context.groups());
    std::vector<Array> arrays;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].starts && *inputs[i].starts != *starts) {
        return fail(ErrorKind::InvalidArgument, fmt::format("{}: its inputs have different numbers of rows.", text_));
      }
      HR_TRY(Array rows, of_rows ? rows_of(inputs[i], *starts, context.budget) : Result<Array>(inputs[i].array));
      HR_TRY(rows, cast_to(std::move(rows), bound_.inputs[i], context.budget));
      arrays.push_back(std::move(rows));
    }
    auto made = bound_.evaluate({arrays, *starts, context.budget});
    if (!made) return fail(made.error().kind, fmt::format("{}: {}.", text_, made.error().message));
    if (bound_.is_of_group) return Values{std::move(made->values)};
    if (made->starts) {
      return Values{std::move(made->values), std::make_shared<const Starts>(*std::move(made->starts))};
    }
    return Values{std::move(made->values), of_rows ? starts : nullptr};
  }

 private:
  std::vector<ContextExpression> inputs_;
  BoundSequence bound_;
  std::string text_;
};

/// An expression over a partition of the context's rows.
class OverPart final : public ContextExpression::Part {
 public:
  static Result<PartPointer> bind(const Expression& expression, const Schema& schema, DataType& type) {
    auto part = std::make_shared<OverPart>();
    const auto& over = std::get<Expression::Over>(expression.kind());
    const std::span<const Expression> inputs(expression.inputs());
    part->text_ = to_string(expression);
    const auto keys = inputs.subspan(1, over.keys), order = inputs.subspan(1 + over.keys);
    for (size_t i = 1; i < inputs.size(); ++i) {
      HR_TRY(ContextExpression key, ContextExpression::bind(inputs[i], schema));
      if (i > over.keys && key.type().id() == TypeId::List) {
        return wrong(expression, {ErrorKind::InvalidArgument, fmt::format("{} has no order", to_string(key.type()))});
      }
      part->keys_.push_back(std::move(key));
    }
    part->partition_keys_ = keys.size();
    for (size_t i = 0; i < order.size(); ++i)
      part->orders_.push_back({.descending = over.descending[i], .nulls_last = over.nulls_last[i]});
    if (over.frame) {
      HR_TRY(part->framed_, FramedPart::bind(inputs[0], schema, over, order, type));
    } else {
      HR_TRY(part->inner_, ContextExpression::bind(inputs[0], schema));
      type = part->inner_->type();
    }
    return part;
  }

  bool is_of_rows() const override { return true; }
  void mark_columns(std::vector<bool>& read) const override {
    mark_inner(read);
    for (const ContextExpression& key : keys_) key.mark_columns(read);
  }
  Result<Values> evaluate(const Context& context) const override {
    std::vector<Array> keys;
    for (const ContextExpression& key : keys_) {
      HR_TRY(const Values values, key.evaluate(context));
      HR_TRY(Array rows, rows_of(values, *context.starts, context.budget));
      keys.push_back(std::move(rows));
    }
    std::vector<Array> of_partition(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(partition_keys_));
    if (context.groups() > 1) {
      HR_TRY(Array groups, group_numbers(*context.starts, context.budget));
      of_partition.push_back(std::move(groups));
    }
    const std::span<const Array> order = std::span(keys).subspan(partition_keys_);
    HR_TRY(const std::vector<PartitionPart> parts,
           partition(of_partition, context.starts->back(), order, orders_, context.budget));
    std::vector<bool> read(context.chunk.columns.size());
    mark_inner(read);
    const auto inner = [&](const Context& part) { return framed_ ? framed_->evaluate(part) : inner_->evaluate(part); };
    HR_TRY(Array made, over_parts(context, parts, read, inner, text_));
    return Values{std::move(made), context.starts};
  }

 private:
  void mark_inner(std::vector<bool>& read) const {
    if (framed_) framed_->mark_columns(read);
    if (inner_) inner_->mark_columns(read);
  }

  std::vector<ContextExpression> keys_;  // of the partition, then of the order
  size_t partition_keys_ = 0;
  std::vector<SortOrder> orders_;
  std::optional<ContextExpression> inner_;
  PartPointer framed_;
  std::string text_;
};

/// A call of an async function: started from here, in pieces.
class CallPart final : public ContextExpression::Part {
 public:
  static Result<PartPointer> bind(const Expression& expression, const Schema& schema, DataType& type) {
    auto part = std::make_shared<CallPart>();
    part->function_ = std::get<Expression::Call>(expression.kind()).function;
    part->text_ = to_string(expression);
    std::vector<DataType> types;
    for (const Expression& input : expression.inputs()) {
      HR_TRY(ContextExpression bound, ContextExpression::bind(input, schema));
      types.push_back(bound.type());
      part->inputs_.push_back(std::move(bound));
    }
    const auto bound = part->function_->bind(types);
    if (!bound) return wrong(expression, bound.error());
    part->type_ = type = *bound;
    return part;
  }

  bool is_of_rows() const override {
    return std::ranges::any_of(inputs_, [](const ContextExpression& input) { return input.is_of_rows(); });
  }
  void mark_columns(std::vector<bool>& read) const override {
    for (const ContextExpression& input : inputs_) input.mark_columns(read);
  }
  Result<Values> evaluate(const Context& context) const override {
    if (!context.is_outermost) {
      return fail(
          ErrorKind::Unsupported,
          fmt::format("{}: it answers when it will, and partitions do not wait; calculate it in a column before.",
                      text_));
    }
    std::vector<Values> inputs;
    std::shared_ptr<const Starts> starts;
    for (const ContextExpression& one : inputs_) {
      HR_TRY(Values values, one.evaluate(context));
      if (values.starts) starts = values.starts;
      inputs.push_back(std::move(values));
    }
    std::vector<Array> arrays;
    for (const Values& one : inputs) {
      HR_TRY(Array rows, starts ? rows_of(one, *starts, context.budget) : Result<Array>(one.array));
      arrays.push_back(std::move(rows));
    }
    auto made = call_async(*function_, arrays, starts ? starts->back() : context.groups(), type_, context.budget,
                           context.is_cancelled);
    if (!made) return fail(made.error().kind, fmt::format("{}: {}", text_, made.error().message));
    return Values{*std::move(made), std::move(starts)};
  }

 private:
  std::shared_ptr<const ColumnFunction> function_;
  std::vector<ContextExpression> inputs_;
  DataType type_;
  std::string text_;
};

Result<PartPointer> bind_part(const Expression& expression, const Schema& schema, DataType& type) {
  if (std::holds_alternative<Expression::Aggregate>(expression.kind()))
    return AggregatePart::bind(expression, schema, type);
  if (std::holds_alternative<Expression::Over>(expression.kind())) return OverPart::bind(expression, schema, type);
  if (std::holds_alternative<Expression::Call>(expression.kind())) return CallPart::bind(expression, schema, type);
  return SequencePart::bind(expression, schema, type);
}

}  // namespace

bool is_of_context(const Expression& expression) {
  if (std::holds_alternative<Expression::Aggregate>(expression.kind())) return true;
  if (std::holds_alternative<Expression::Over>(expression.kind())) return true;
  if (const auto* call = std::get_if<Expression::Call>(&expression.kind())) return call->function->traits().is_async;
  const auto* function = std::get_if<Expression::Function>(&expression.kind());
  return function != nullptr && is_sequence_function(*function);
}

Result<Array> rows_of(const Values& values, const Starts& starts, const std::shared_ptr<MemoryBudget>& budget) {
  if (values.starts) return values.array;
  HR_TRY(const Reservation reserved, Reservation::take(budget, starts.back() * sizeof(uint64_t)));
  std::vector<uint64_t> rows(starts.back());
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    std::fill(rows.begin() + static_cast<ptrdiff_t>(starts[i]), rows.begin() + static_cast<ptrdiff_t>(starts[i + 1]),
              i);
  }
  return gather(values.array, rows, budget);
}

Result<ContextExpression> ContextExpression::bind(const Expression& expression, const Schema& schema) {
  ContextExpression bound;
  bound.width_ = schema.size();
  bound.text_ = to_string(expression);
  std::vector<Expression> parts;
  collect_parts(expression, parts);
  std::vector<DataType> types;
  bound.reads_rows_ = bound.is_of_rows_ = reads_rows(expression);
  for (const Expression& part : parts) {
    DataType type;
    HR_TRY(PartPointer one, bind_part(part, schema, type));
    bound.is_of_rows_ = bound.is_of_rows_ || one->is_of_rows();
    bound.parts_.push_back(std::move(one));
    types.push_back(std::move(type));
  }
  HR_TRY(bound.rest_, BoundExpression::bind(expression, schema, parts, types));
  const Expression* bare = &expression;
  while (std::holds_alternative<Expression::Alias>(bare->kind())) bare = &bare->inputs()[0];
  bound.is_part_ = is_of_context(*bare);
  return bound;
}

void ContextExpression::mark_columns(std::vector<bool>& read) const {
  std::vector<bool> own(width_ + parts_.size());
  rest_->mark_columns(own);
  for (size_t i = 0; i < width_; ++i) {
    if (own[i]) read[i] = true;
  }
  for (const auto& part : parts_) part->mark_columns(read);
}

Result<Array> ContextExpression::rest_of_rows(const Context& context, const Chunk& chunk) const {
  if (!context.is_outermost || chunk.rows < 4 * kPieceRows) return rest_->evaluate(chunk, context.budget);
  std::vector<Array> pieces((chunk.rows + kPieceRows - 1) / kPieceRows);
  HR_CHECK(each_in_parallel(pieces.size(), 1, [&](size_t piece) -> Result<void> {
    const size_t begin = piece * kPieceRows;
    Chunk some{.columns = {}, .rows = std::min(kPieceRows, chunk.rows - begin)};
    for (const Array& column : chunk.columns)
      some.columns.push_back(column.size() == 0 ? column : column.slice(begin, some.rows));
    HR_TRY(pieces[piece], rest_->evaluate(some, context.budget));
    return {};
  }));
  return concatenate(pieces, context.budget);
}

Result<Values> ContextExpression::evaluate(const Context& context) const {
  std::vector<Values> values;
  std::shared_ptr<const Starts> starts = reads_rows_ ? context.starts : nullptr;
  for (const auto& part : parts_) {
    HR_TRY(Values one, part->evaluate(context));
    if (one.starts && starts && *one.starts != *starts) {
      return fail(ErrorKind::InvalidArgument, fmt::format("{}: its parts have different numbers of rows.", text_));
    }
    if (one.starts) starts = one.starts;
    values.push_back(std::move(one));
  }
  if (is_part_) return std::move(values[0]);
  Chunk chunk{.columns = std::vector<Array>(width_), .rows = starts ? starts->back() : context.groups()};
  if (reads_rows_) std::copy_n(context.chunk.columns.begin(), width_, chunk.columns.begin());
  for (const Values& one : values) {
    HR_TRY(Array array, starts ? rows_of(one, *starts, context.budget) : Result<Array>(one.array));
    chunk.columns.push_back(std::move(array));
  }
  HR_TRY(Array made, rest_of_rows(context, chunk));
  return Values{std::move(made), std::move(starts)};
}

}  // namespace headrace::frame
