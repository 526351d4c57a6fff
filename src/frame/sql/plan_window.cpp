#include <fmt/format.h>

#include <algorithm>

#include "frame/sql/functions.h"
#include "frame/sql/grouping.h"

namespace headrace::frame::sql {
namespace {

using Bound = WindowFrame::Bound;

/// The expression with every aggregate in it over the window.
Expression aggregates_over(const Expression& expression, const WindowSpec& window) {
  if (std::holds_alternative<Expression::Aggregate>(expression.kind())) return Expression::over(expression, window);
  std::vector<Expression> inputs;
  for (const Expression& input : expression.inputs()) inputs.push_back(aggregates_over(input, window));
  return inputs.empty() ? expression : expression.with_inputs(std::move(inputs));
}

/// Functions of the keys that rows are in order by, in SQL and here.
constexpr std::pair<std::string_view, const char*> kRanks[] = {
    {"rank", "window.rank"}, {"dense_rank", "window.dense_rank"}, {"rank_dense", "window.dense_rank"},
    {"percent_rank", "window.percent_rank"}, {"cume_dist", "window.cume_dist"}};

/// Of row_number and ntile, which read nothing.
Expression nothing() { return Expression::literal(Scalar::of(true)); }

Result<Scalar> constant(const Node& node, const Value& value) {
  const bool is_whole = value.literal() != nullptr && value.type.is_integer() && !value.literal()->is_null();
  if (!is_whole) return fail(ErrorKind::Unsupported, fmt::format("{}() takes a whole number in figures here.", node.text));
  return Scalar::of(static_cast<int64_t>(value.literal()->as_whole()));
}

/// A name of SELECT's where no column is called so: what it stands for.
NodePointer with_items(const NodePointer& node, const std::vector<SelectItem>& items, const Relation& relation) {
  if (node->kind == Node::Kind::Name) {
    const auto is_named = [&](const auto& each) { return same_name(each, node->names[0]); };
    const bool is_column = node->names.size() != 1 || std::ranges::any_of(relation.columns, is_named, &ScopeColumn::name);
    const auto item = std::ranges::find_if(items, is_named, &SelectItem::alias);
    return is_column || item == items.end() ? node : item->value;
  }
  Node made = *node;
  for (NodePointer& input : made.inputs) input = with_items(input, items, relation);
  return std::make_shared<const Node>(std::move(made));
}

}  // namespace

Result<WindowSpec> Planner::window_spec(const Window& window, const Select& select, Context& context, const Grouping* grouping) {
  Window whole = window;
  if (!window.name.empty()) {
    const auto found = std::ranges::find_if(select.windows, [&](const auto& each) { return same_name(each.first, window.name); });
    if (found == select.windows.end()) {
      return source_.fail(ErrorKind::NotFound, window.at, fmt::format("There is no window {:?}.", window.name), window.name);
    }
    if (!found->second.name.empty()) return source_.fail(ErrorKind::Unsupported, window.at, "This window is made of a third one.");
    if (whole.partition_by.empty()) whole.partition_by = found->second.partition_by;
    if (whole.order_by.empty()) whole.order_by = found->second.order_by;
    if (!whole.frame) whole.frame = found->second.frame;
  }
  WindowSpec made;
  for (const NodePointer& key : whole.partition_by) {
    HR_TRY(const Value value, expression(*key, context, grouping));
    if (value.literal() == nullptr) made.partition_by.push_back(value.expression);
  }
  for (const OrderItem& item : whole.order_by) {
    HR_TRY(const Value value, expression(*item.key, context, grouping));
    if (value.literal() == nullptr) made.order_by.push_back({value.expression, item.descending, !item.nulls_first});
  }
  made.frame = whole.frame;
  const bool is_of_values = made.frame && made.frame->unit == WindowFrame::Unit::Range &&
                            (made.frame->begin == Bound::Preceding || made.frame->begin == Bound::Following ||
                             made.frame->end == Bound::Preceding || made.frame->end == Bound::Following);
  if (is_of_values && made.order_by.size() != 1) {
    return source_.fail(ErrorKind::InvalidArgument, window.at, "A frame of RANGE with a number needs one key in ORDER BY.");
  }
  // Without a frame, rows up to those that are equal in the keys; without these, all.
  if (!made.frame && !made.order_by.empty()) made.frame = WindowFrame{.unit = WindowFrame::Unit::Range};
  return made;
}

Result<Expression> Planner::window_function(const Node& node, const std::vector<Value>& inputs, const WindowSpec& window) {
  WindowSpec rows = window;
  rows.frame.reset();
  const auto over_rows = [&](const char* name, std::vector<Expression> of, std::vector<Scalar> options) {
    return Expression::over(Expression::function({.name = name, .options = std::move(options)}, std::move(of)), rows);
  };
  const auto takes = [&](size_t least, size_t most) -> Result<void> {
    if (inputs.size() >= least && inputs.size() <= most) return {};
    return fail(ErrorKind::InvalidArgument, fmt::format("{}() takes {} arguments and not {}.", node.text,
        least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most), inputs.size()));
  };
  if (node.text == "row_number") {
    HR_CHECK(takes(0, 0));
    return over_rows("row_number", {nothing()}, {Scalar::of(int64_t{1}), Scalar::of(int64_t{1}), Scalar::null(TypeId::Int64)});
  }
  if (node.text == "ntile") {
    HR_CHECK(takes(1, 1));
    HR_TRY(Scalar parts, constant(node, inputs[0]));
    return over_rows("window.ntile", {nothing()}, {std::move(parts)});
  }
  if (const auto* rank = std::ranges::find(kRanks, node.text, [](const auto& each) { return each.first; }); rank != std::end(kRanks)) {
    HR_CHECK(takes(0, 0));
    std::vector<Expression> keys;
    for (const SortBy& key : rows.order_by) keys.push_back(key.expression);
    if (keys.empty()) keys.push_back(nothing());
    return over_rows(rank->second, std::move(keys), {});
  }
  if (node.text == "lag" || node.text == "lead") {
    HR_CHECK(takes(1, 3));
    Scalar by = Scalar::of(int64_t{1});
    if (inputs.size() > 1) {
      HR_TRY(by, constant(node, inputs[1]));
    }
    if (node.text == "lead") by = Scalar::of(-static_cast<int64_t>(by.as_whole()));
    std::vector<Expression> of{inputs[0].expression};
    if (inputs.size() > 2) {
      HR_TRY(const Value otherwise, values_.cast(inputs[2], inputs[0].type, false));
      of.push_back(otherwise.expression);
    }
    return over_rows("shift", std::move(of), {std::move(by)});
  }
  if (node.text == "first_value" || node.text == "last_value") {
    HR_CHECK(takes(1, 1));
    const AggregateOperator op = node.text == "first_value" ? AggregateOperator::First : AggregateOperator::Last;
    return Expression::over(Expression::aggregate({.op = op}, inputs[0].expression), window);
  }
  return fail(ErrorKind::NotFound, fmt::format("There is no function {}() of windows.", node.text), node.text);
}

/// The column of a call with OVER, one more of the relation.
Result<Value> Planner::window_call(const Node& node, Context& context, const Grouping* grouping) {
  if (context.windows == nullptr || context.relation == nullptr) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{}() OVER … cannot stand here; in SELECT, ORDER BY and QUALIFY it can.", node.text));
  }
  if (context.correlation != nullptr && !context.correlation->is_none()) {
    return fail(ErrorKind::Unsupported, "A window in a subquery that reads columns of an outer query is not supported.");
  }
  const Select* const windows = context.windows;
  context.windows = nullptr;  // none in another
  const auto made = [&]() -> Result<std::pair<Expression, bool>> {
    HR_TRY(const WindowSpec window, window_spec(*node.over, *windows, context, grouping));
    if (is_aggregate(node.text)) {
      HR_TRY(const Expression aggregate, aggregate_of(node, context, grouping));
      return std::pair(aggregates_over(aggregate, window), !counts(node.text));
    }
    if (node.filter || node.flag) return fail(ErrorKind::InvalidArgument, fmt::format("{}() is no aggregate.", node.text));
    std::vector<Value> inputs;
    for (const NodePointer& input : node.inputs) {
      HR_TRY(Value value, expression(*input, context, grouping));
      inputs.push_back(std::move(value));
    }
    HR_TRY(const Expression function, window_function(node, inputs, window));
    return std::pair(function, !node.inputs.empty());
  }();
  context.windows = windows;
  if (!made) return std::unexpected(made.error());
  Relation& relation = *context.relation;
  const std::string id = new_id(node.text);
  const Expression named = made->first.alias(id);
  HR_TRY(relation.plan, relation.plan.with_columns({&named, 1}));
  learn(relation.plan);
  return values_.column(id, made->second);
}

Result<void> Planner::qualify(const Select& select, const std::vector<SelectItem>& items, Context& context, const Grouping* grouping) {
  const NodePointer condition = with_items(select.qualify, items, *context.relation);
  if (!has_window_call(*condition)) {
    return source_.fail(ErrorKind::InvalidArgument, condition->at,
                        "QUALIFY is a condition on windows, and there is none; WHERE takes others.");
  }
  HR_TRY(const Value written, expression(*condition, context, grouping));
  auto truth = values_.cast(written, TypeId::Bool, false);
  if (!truth) return source_.fail(condition->at, truth.error());
  HR_TRY(context.relation->plan, context.relation->plan.filter(truth->expression));
  return {};
}

}  // namespace headrace::frame::sql
