#include <fmt/format.h>

#include <algorithm>

#include "frame/sql/functions.h"
#include "frame/sql/grouping.h"

namespace headrace::frame::sql {

using Kind = Node::Kind;

std::string Planner::new_id(const std::string& name) {
  std::string id = name;
  for (size_t n = 2; !ids_.insert(id).second; ++n) id = fmt::format("{}#{}", name, n);
  return id;
}

void Planner::learn(const Plan& plan) {
  for (const Field& field : plan.schema().fields()) values_.add_column(field.name, field.type);
}

Result<std::optional<ScopeColumn>> Planner::find(const Node& node, const Relation& relation) {
  const std::string& name = node.names.back();
  const std::string table = node.names.size() > 1 ? node.names[node.names.size() - 2] : "";
  std::optional<ScopeColumn> found;
  for (const ScopeColumn& column : relation.columns) {
    if (column.is_hidden || !same_name(column.name, name)) continue;
    if (table.empty() ? column.is_merged : !same_name(column.table, table)) continue;
    if (found && found->id != column.id) {
      return source_.fail(ErrorKind::InvalidArgument, node.at,
                          fmt::format("{:?} is a column of {} and of {}; put the table's name before it.", name, found->table,
                              column.table),
                          name);
    }
    found = column;
  }
  return found;
}

/// A column of a query around those in `inner`, the outermost of them first.
Result<Value> Planner::outer_column(const Node& node, const std::vector<Context*>& inner, ScopeColumn column, bool may_be_outer) {
  for (size_t i = 0; i < inner.size(); ++i) {
    Correlation* correlation = inner[i]->correlation;
    if (correlation == nullptr) {
      return source_.fail(ErrorKind::Unsupported, node.at,
                          fmt::format("{:?} is a column of an outer query, which cannot be read here.", node.names.back()));
    }
    const auto found = correlation->by_outer.find(column.id);
    if (found != correlation->by_outer.end()) {
      column = correlation->domain->columns[found->second];
      continue;
    }
    const bool is_innermost = i + 1 == inner.size();
    if (is_innermost && may_be_outer && !correlation->domain) {
      correlation->read.push_back(column);
      break;
    }
    correlation->missing.push_back(column);
    return fail(ErrorKind::Unsupported, "A subquery needs the values of its outer columns.");
  }
  return values_.column(column.id, column.nullable);
}

Result<Value> Planner::name(const Node& node, Context& context, bool may_be_outer) {
  std::vector<Context*> inner;
  for (Context* each = &context; each != nullptr; each = each->outer) {
    if (each->relation == nullptr) {
      inner.insert(inner.begin(), each);
      continue;
    }
    HR_TRY(const auto found, find(node, *each->relation));
    if (found && each == &context) return values_.column(found->id, found->nullable);
    if (found) return outer_column(node, inner, *found, may_be_outer);
    inner.insert(inner.begin(), each);
  }
  std::string known;
  if (context.relation != nullptr) {
    for (const ScopeColumn& column : context.relation->columns) {
      if (!column.is_hidden && known.size() < 200) known += fmt::format("{}{}", known.empty() ? "" : ", ", column.name);
    }
  }
  const std::string written = fmt::format("{}", fmt::join(node.names, "."));
  return source_.fail(ErrorKind::NotFound, node.at,
                      fmt::format("There is no column {:?} here{}", written, known.empty() ? "." : fmt::format("; there are {}.",
                          known)), written);
}

Result<Value> Planner::expression(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer) {
  auto made = expression_unplaced(node, context, grouping, may_be_outer);
  if (made) return made;
  const bool has_place = made.error().message.starts_with("Line ");
  const bool retries = context.correlation != nullptr && !context.correlation->missing.empty();
  if (has_place || retries) return made;
  return source_.fail(node.at, made.error());
}

/// Over groups, what is a key or an aggregate is a column, and other columns have no value.
Result<Value> Planner::expression_unplaced(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer) {
  if (grouping != nullptr && node.kind != Kind::Number && node.kind != Kind::String && !has_subquery(node) && !has_aggregate_call(node) &&
      !has_window_call(node)) {
    Context before = context;
    before.relation = grouping->input;
    HR_TRY(const Value value, expression(node, before, nullptr, may_be_outer));
    for (const Grouping::Key& key : grouping->keys) {
      if (value.expression == key.expression) return values_.column(key.id, key.nullable);
    }
    if (node.kind == Kind::Name) return grouped_name(node, value, *grouping);
  }
  const auto of = [&](const NodePointer& input) { return expression(*input, context, grouping, may_be_outer); };
  std::vector<Value> inputs;
  const bool plain = node.kind != Kind::Call && node.kind != Kind::Case && node.kind != Kind::Binary && node.kind != Kind::Interval &&
                     node.kind != Kind::InQuery;
  for (const NodePointer& input : node.inputs) {
    if (!plain) break;
    HR_TRY(Value value, of(input));
    inputs.push_back(std::move(value));
  }
  const auto turned = [&](Result<Value> value) -> Result<Value> {
    if (!value || !node.negated) return value;
    return values_.logical_not(*value);
  };
  switch (node.kind) {
    case Kind::Name: return name(node, context, may_be_outer);
    case Kind::Star: return fail(ErrorKind::InvalidArgument, "* stands for all columns of SELECT, and for nothing here.");
    case Kind::Number: return Values::number(node.text);
    case Kind::String: return Values::literal(Scalar::of(node.text));
    case Kind::Bool: return Values::boolean(node.text == "true");
    case Kind::Null: return Values::literal(Scalar());
    case Kind::Interval: return fail(ErrorKind::Unsupported, "An interval can only be added to a date, or taken from it.");
    case Kind::Unary: return node.text == "not" ? values_.logical_not(inputs[0]) : node.text == "-" ? values_.negated(inputs[0])
        : inputs[0];
    case Kind::Binary: return binary(node, context, grouping, may_be_outer);
    case Kind::And: return values_.all_of(inputs);
    case Kind::Or: return values_.any_of(inputs);
    case Kind::Case: return case_of(node, context, grouping, may_be_outer);
    case Kind::Cast: return values_.cast(inputs[0], node.type, node.flag);
    case Kind::Call: return call(node, context, grouping, may_be_outer);
    case Kind::Between: {
      HR_TRY(const Value from, values_.comparison(">=", inputs[0], inputs[1]));
      HR_TRY(const Value to, values_.comparison("<=", inputs[0], inputs[2]));
      return turned(values_.all_of({from, to}));
    }
    case Kind::In: return turned(values_.in(inputs[0], {inputs.begin() + 1, inputs.end()}));
    case Kind::InQuery: return turned(in_query(node, context));
    case Kind::Exists: return turned(exists(node, context));
    case Kind::Scalar: return scalar(node, false, context);
    case Kind::Like: {
      std::optional<char> escape;
      if (inputs.size() > 2) {
        const Scalar* scalar = inputs[2].literal();
        if (scalar == nullptr || scalar->is_null() || !inputs[2].is_text_literal() || scalar->as_bytes().size() != 1) {
          return fail(ErrorKind::InvalidArgument, "ESCAPE takes one character.");
        }
        escape = scalar->as_bytes().front();
      }
      return turned(values_.like(inputs[0], inputs[1], escape, node.text == "ilike"));
    }
    case Kind::IsNull: return values_.is_null(inputs[0], node.negated);
    case Kind::Distinct: {
      HR_TRY(const auto sides, values_.comparable(inputs[0], inputs[1]));
      const auto op = node.negated ? BinaryOperator::EqualMissing : BinaryOperator::NotEqualMissing;
      return values_.make(Expression::binary(op, sides.first.expression, sides.second.expression), false);
    }
  }
  return fail(ErrorKind::Internal, "An expression of no kind.");
}

Result<Value> Planner::grouped_name(const Node& node, const Value& value, const Grouping& grouping) {
  const auto* column = std::get_if<Expression::Column>(&value.expression.kind());
  const bool is_own = column != nullptr && std::ranges::any_of(grouping.input->columns,
      [&](const ScopeColumn& each) { return each.id == column->name; });
  if (!is_own) return value;
  return source_.fail(ErrorKind::InvalidArgument, node.at,
                      fmt::format("{:?} is neither in GROUP BY nor in an aggregate; any_value({}) would take one of its values.",
                          node.names.back(),
                                  node.names.back()),
                      node.names.back());
}

Result<int64_t> Planner::interval_count(const Node& node) {
  Context none;
  HR_TRY(const Value count, expression(*node.inputs[0], none));
  if (count.literal() == nullptr || count.literal()->is_null() || !count.type.is_integer()) {
    return source_.fail(ErrorKind::Unsupported, node.at, "The number of an interval must be a whole one in figures.");
  }
  return static_cast<int64_t>(count.literal()->as_whole());
}

Result<Value> Planner::binary(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer) {
  const Node &left = *node.inputs[0], &right = *node.inputs[1];
  const bool adds = node.text == "+" || node.text == "-";
  if (adds && (right.kind == Kind::Interval || (left.kind == Kind::Interval && node.text == "+"))) {
    const Node& interval = right.kind == Kind::Interval ? right : left;
    HR_TRY(const Value moment, expression(right.kind == Kind::Interval ? left : right, context, grouping, may_be_outer));
    HR_TRY(const int64_t count, interval_count(interval));
    return values_.later(moment, node.text == "-" ? -count : count, interval.text);
  }
  HR_TRY(const Value first, expression(left, context, grouping, may_be_outer));
  HR_TRY(const Value second, expression(right, context, grouping, may_be_outer));
  const bool compares = node.text.find_first_of("=<>") != std::string::npos;
  return compares ? values_.comparison(node.text, first, second) : values_.arithmetic(node.text, first, second);
}

Result<Value> Planner::case_of(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer) {
  std::vector<Value> conditions, results;
  const size_t branches = node.inputs.size() / 2;
  for (size_t i = 0; i < branches; ++i) {
    HR_TRY(Value condition, expression(*node.inputs[2 * i], context, grouping, may_be_outer));
    HR_TRY(Value result, expression(*node.inputs[2 * i + 1], context, grouping, may_be_outer));
    conditions.push_back(std::move(condition));
    results.push_back(std::move(result));
  }
  Value otherwise = Values::literal(Scalar());
  if (node.flag) {
    HR_TRY(otherwise, expression(*node.inputs.back(), context, grouping, may_be_outer));
  }
  results.push_back(std::move(otherwise));
  HR_TRY(results, values_.alike(std::move(results)));
  Value made = results.back();
  for (size_t i = branches; i-- > 0;) {
    HR_TRY(made, values_.when(conditions[i], results[i], made));
  }
  return made;
}

/// The aggregate that a call is, over rows before they are grouped; of a window over groups: of these.
Result<Expression> Planner::aggregate_of(const Node& node, Context& context, const Grouping* grouping) {
  std::vector<Value> inputs;
  for (const NodePointer& input : node.inputs) {
    if (input->kind == Kind::Star) continue;
    if (!node.over && has_aggregate_call(*input)) {
      return source_.fail(ErrorKind::InvalidArgument, input->at, "An aggregate cannot stand in another.");
    }
    HR_TRY(Value value, expression(*input, context, grouping));
    inputs.push_back(std::move(value));
  }
  std::optional<Value> filter;
  if (node.filter) {
    HR_TRY(filter, expression(*node.filter, context, grouping));
  }
  auto made = aggregate(values_, node.text, inputs, node.flag, filter);
  if (!made) return source_.fail(node.at, made.error());
  return made;
}

Result<Value> Planner::call(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer) {
  if (node.over) return window_call(node, context, grouping);
  if (is_aggregate(node.text)) {
    if (grouping == nullptr) return fail(ErrorKind::InvalidArgument, fmt::format("The aggregate {}() cannot stand here.", node.text));
    Context before = context;
    before.relation = grouping->input;
    HR_TRY(const Expression wanted, aggregate_of(node, before));
    const auto found = std::ranges::find(grouping->aggregates, wanted, &Grouping::Aggregate::expression);
    if (found == grouping->aggregates.end()) return fail(ErrorKind::Unsupported, "This aggregate cannot stand here.");
    return values_.column(found->id, !found->counts);
  }
  if (node.filter || node.flag) return fail(ErrorKind::InvalidArgument, fmt::format("{}() is no aggregate.", node.text));
  std::vector<Value> inputs;
  for (const NodePointer& input : node.inputs) {
    HR_TRY(Value value, expression(*input, context, grouping, may_be_outer));
    inputs.push_back(std::move(value));
  }
  return call_function(values_, node.text, inputs);
}

}  // namespace headrace::frame::sql
