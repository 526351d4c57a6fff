#include <fmt/format.h>

#include <algorithm>

#include "frame/plan/rewrite.h"
#include "frame/sql/functions.h"
#include "frame/sql/grouping.h"

namespace headrace::frame::sql {
namespace {

/// A whole number that stands alone is a column's place.
std::optional<size_t> ordinal(const Node& node) {
  if (node.kind != Node::Kind::Number || node.text.size() > 6 ||
      node.text.find_first_not_of("0123456789") != node.text.npos) return std::nullopt;
  return static_cast<size_t>(std::stoul(node.text));
}

bool reads_only(const Expression& expression, const Schema& schema) {
  std::set<std::string, std::less<>> names;
  add_columns(expression, names);
  return std::ranges::all_of(names, [&](const std::string& name) { return schema.index_of(name).has_value(); });
}

bool reads_none(const Expression& expression, const Schema& schema) {
  std::set<std::string, std::less<>> names;
  add_columns(expression, names);
  return std::ranges::none_of(names, [&](const std::string& name) { return schema.index_of(name).has_value(); });
}

Result<Plan> one_row() {
  HR_TRY(DataFrame one, DataFrame::make(Schema(), {}, 1));
  return Plan::scan(std::move(one));
}

}  // namespace

/// The column that a value is: itself if it is one, else one more of the relation.
Result<std::string> Planner::as_column(const Value& value, const std::string& name, Relation& relation) {
  const auto* column = std::get_if<Expression::Column>(&value.expression.kind());
  if (column != nullptr) return column->name;
  const std::string id = new_id(name);
  const Expression named = value.expression.alias(id);
  HR_TRY(relation.plan, relation.plan.with_columns({&named, 1}));
  learn(relation.plan);
  return id;
}

/// A condition between the rows of a subquery and those around it.
Result<void> Planner::correlated(const Value& condition, Context& context) {
  const Schema& schema = context.relation->plan.schema();
  const auto* binary = std::get_if<Expression::Binary>(&condition.expression.kind());
  if (binary != nullptr && binary->op == BinaryOperator::Equal) {
    const Expression &a = condition.expression.inputs()[0], &b = condition.expression.inputs()[1];
    const bool in_order = reads_only(a, schema) && reads_none(b, schema), turned = reads_only(b, schema) && reads_none(a, schema);
    if ((in_order || turned) && has_column(a) && has_column(b)) {
      Expression inner = in_order ? a : b, outer = in_order ? b : a;
      HR_TRY(Value value, values_.make(inner, true));
      HR_TRY(const Value other, values_.make(outer, true));
      if (value.type.is_float() != other.type.is_float()) {
        outer = Expression::cast(outer, TypeId::Float64, true);
        HR_TRY(value, values_.cast(value, TypeId::Float64, false));
      }
      HR_TRY(const std::string id, as_column(value, "key", *context.relation));
      context.correlation->equal.push_back({outer, id, condition.nullable});
      return {};
    }
  }
  context.correlation->rest.push_back(condition.expression);
  std::set<std::string, std::less<>> names;
  add_columns(condition.expression, names);
  for (const std::string& name : names) {
    if (schema.index_of(name)) context.correlation->kept.insert(name);
  }
  return {};
}

Result<void> Planner::where(const NodePointer& condition, Context& context) {
  std::vector<NodePointer> parts, subqueries, others;
  split_conjunction(condition, parts);
  std::vector<Expression> plain;
  std::vector<Value> between;
  for (const NodePointer& part : parts) {
    if (has_subquery(*part)) {
      subqueries.push_back(part);
      continue;
    }
    if (has_aggregate_call(*part)) return source_.fail(ErrorKind::InvalidArgument, part->at,
        "An aggregate is no condition of WHERE; HAVING takes it.");
    HR_TRY(const Value written, expression(*part, context, nullptr, true));
    auto truth = values_.cast(written, TypeId::Bool, false);
    if (!truth) return source_.fail(part->at, truth.error());
    for (const Expression& each : factored(truth->expression)) {
      const bool is_inner = reads_only(each, context.relation->plan.schema());
      if (is_inner) plain.push_back(each);
      if (!is_inner) between.push_back({each, TypeId::Bool, truth->nullable});
    }
  }
  if (!plain.empty()) {
    auto plan = context.relation->plan.filter(all_of(plain));
    if (!plan) return source_.fail(parts.front()->at, plan.error());
    context.relation->plan = *std::move(plan);
  }
  if (!between.empty() && (context.correlation == nullptr || context.correlation->domain)) {
    return source_.fail(ErrorKind::Unsupported, condition->at, "A column of an outer query cannot be read in this condition.");
  }
  for (const Value& each : between) HR_CHECK(correlated(each, context));
  for (const NodePointer& part : subqueries) {
    HR_TRY(const bool done, filter_by_subquery(*part, false, context));
    if (!done) others.push_back(part);
  }
  for (const NodePointer& part : others) {
    HR_TRY(const Value written, expression(*part, context, nullptr, false));
    auto truth = values_.cast(written, TypeId::Bool, false);
    if (!truth) return source_.fail(part->at, truth.error());
    HR_TRY(context.relation->plan, context.relation->plan.filter(truth->expression));
  }
  return {};
}

/// With every * written out.
Result<std::vector<SelectItem>> Planner::expanded(const Select& select, const Relation& relation) {
  std::vector<SelectItem> items;
  for (const SelectItem& item : select.items) {
    if (item.value->kind != Node::Kind::Star) {
      items.push_back(item);
      continue;
    }
    if (!select.from) return source_.fail(ErrorKind::InvalidArgument, item.value->at, "* needs a table.");
    const size_t before = items.size();
    for (const ScopeColumn& column : relation.columns) {
      if (column.is_hidden || (item.value->text.empty() ? column.is_merged : !same_name(column.table, item.value->text))) continue;
      if (std::ranges::any_of(item.excluded, [&](const std::string& name) { return same_name(name, column.name); })) continue;
      Node named{.kind = Node::Kind::Name, .at = item.value->at, .names = {column.name}};
      if (!column.table.empty()) named.names.insert(named.names.begin(), column.table);
      items.push_back({.value = std::make_shared<const Node>(std::move(named)), .alias = column.name});
    }
    if (items.size() == before) {
      return source_.fail(ErrorKind::NotFound, item.value->at, fmt::format("There is no table {:?} here with columns to select.",
          item.value->text));
    }
  }
  return items;
}

/// What a key of GROUP BY stands for: a place or a name of SELECT's, or itself.
Result<NodePointer> Planner::group_key(const NodePointer& node, const std::vector<SelectItem>& items, const Context& context) {
  if (const auto place = ordinal(*node)) {
    if (*place == 0 || *place > items.size()) {
      return source_.fail(ErrorKind::InvalidArgument, node->at, fmt::format("There is no column {} in SELECT; it has {}.", *place,
          items.size()));
    }
    return items[*place - 1].value;
  }
  if (node->kind != Node::Kind::Name || node->names.size() != 1) return node;
  HR_TRY(const auto own, find(*node, *context.relation));
  if (own) return node;
  const auto item = std::ranges::find_if(items, [&](const SelectItem& each) { return same_name(each.alias, node->names[0]); });
  return item == items.end() ? node : item->value;
}

Result<void> Planner::collect_aggregates(const Node& node, Context& context, Grouping& grouping) {
  if (node.kind == Node::Kind::Call && !node.over && is_aggregate(node.text)) {
    HR_TRY(const Expression expression, aggregate_of(node, context));
    if (std::ranges::find(grouping.aggregates, expression, &Grouping::Aggregate::expression) != grouping.aggregates.end()) return {};
    grouping.aggregates.push_back({expression, new_id(node.text), counts(node.text)});
    return {};
  }
  for (const NodePointer& input : node.inputs) HR_CHECK(collect_aggregates(*input, context, grouping));
  if (!node.over) return {};
  for (const NodePointer& key : node.over->partition_by) HR_CHECK(collect_aggregates(*key, context, grouping));
  for (const OrderItem& item : node.over->order_by) HR_CHECK(collect_aggregates(*item.key, context, grouping));
  return {};
}

/// Replaces the context's relation by its groups.
Result<void> Planner::group(const Select& select, const std::vector<SelectItem>& items, const std::vector<OrderItem>& order_by,
                            Context& context, Grouping& grouping) {
  std::vector<NodePointer> nodes;
  for (const NodePointer& node : select.group_by) {
    HR_TRY(NodePointer key, group_key(node, items, context));
    nodes.push_back(std::move(key));
  }
  for (const SelectItem& item : items) {
    if (select.group_by_all && !has_aggregate_call(*item.value)) nodes.push_back(item.value);
  }
  std::vector<ScopeColumn> columns;
  std::vector<Expression> keys;
  const auto add_key = [&](const Expression& expression, const ScopeColumn& column) {
    const auto same = std::ranges::find(grouping.keys, expression, &Grouping::Key::expression);
    if (same != grouping.keys.end()) return;
    grouping.keys.push_back({expression, column.id, column.nullable});
    keys.push_back(expression.name() == column.id ? expression : expression.alias(column.id));
    columns.push_back(column);
  };
  for (const NodePointer& node : nodes) {
    if (has_aggregate_call(*node)) return source_.fail(ErrorKind::InvalidArgument, node->at, "An aggregate is no key of GROUP BY.");
    HR_TRY(const Value value, expression(*node, context));
    if (value.literal() != nullptr) continue;
    const auto* column = std::get_if<Expression::Column>(&value.expression.kind());
    ScopeColumn made{.name = name_of(*node), .id = column != nullptr ? column->name : new_id(name_of(*node)), .nullable = value.nullable};
    const auto known = std::ranges::find(context.relation->columns, made.id, &ScopeColumn::id);
    add_key(value.expression, known != context.relation->columns.end() ? *known : made);
  }
  if (context.correlation != nullptr) {
    for (const auto& equal : context.correlation->equal) add_key(Expression::column(equal.inner), {.id = equal.inner, .is_hidden = true});
    if (context.correlation->domain) {
      for (const ScopeColumn& column : context.correlation->domain->columns) add_key(Expression::column(column.id), column);
    }
  }
  for (const SelectItem& item : items) HR_CHECK(collect_aggregates(*item.value, context, grouping));
  if (select.having) HR_CHECK(collect_aggregates(*select.having, context, grouping));
  if (select.qualify) HR_CHECK(collect_aggregates(*select.qualify, context, grouping));
  for (const auto& [name, window] : select.windows) {
    for (const NodePointer& key : window.partition_by) HR_CHECK(collect_aggregates(*key, context, grouping));
    for (const OrderItem& item : window.order_by) HR_CHECK(collect_aggregates(*item.key, context, grouping));
  }
  for (const OrderItem& item : order_by) HR_CHECK(collect_aggregates(*item.key, context, grouping));
  std::vector<Expression> aggregates;
  for (const Grouping::Aggregate& each : grouping.aggregates) aggregates.push_back(each.expression.alias(each.id));
  if (aggregates.empty() && keys.empty()) aggregates.push_back(Expression::len().alias(new_id("rows")));
  auto plan = keys.empty() ? context.relation->plan.select(aggregates) : context.relation->plan.group_by(keys, aggregates);
  if (!plan) return source_.fail(select.at, plan.error());
  context.relation->plan = *std::move(plan);
  context.relation->columns = std::move(columns);
  learn(context.relation->plan);
  return {};
}

Result<void> Planner::order_keys(const std::vector<OrderItem>& order_by, const std::vector<SelectItem>& items, bool distinct,
    Output& output,
                                 std::vector<SortBy>& keys, Context& context, const Grouping* grouping) {
  for (const OrderItem& item : order_by) {
    std::string id;
    const auto place = ordinal(*item.key);
    if (place && (*place == 0 || *place > output.columns.size())) {
      return source_.fail(ErrorKind::InvalidArgument, item.key->at,
                          fmt::format("There is no column {} in SELECT; it has {}.", *place, output.columns.size()));
    }
    if (place) id = output.columns[*place - 1].id;
    if (id.empty() && item.key->kind == Node::Kind::Name && item.key->names.size() == 1) {
      for (size_t i = 0; i < items.size() && id.empty(); ++i) {
        if (same_name(output.columns[i].name, item.key->names[0])) id = output.columns[i].id;
      }
    }
    if (id.empty()) {
      HR_TRY(const Value value, expression(*item.key, context, grouping));
      if (value.literal() != nullptr) continue;
      HR_TRY(id, as_column(value, "order", *context.relation));
      const bool is_selected = std::ranges::find(output.columns, id, &Output::Column::id) != output.columns.end();
      if (distinct && !is_selected) {
        return source_.fail(ErrorKind::InvalidArgument, item.key->at, "With DISTINCT rows are put in order by what is selected.");
      }
    }
    keys.push_back({Expression::column(id), item.descending, !item.nulls_first});
  }
  return {};
}

Result<Output> Planner::select(const Select& select, const std::vector<OrderItem>& order_by, std::vector<SortBy>& keys,
    const Context& around) {
  HR_TRY(Plan nothing, one_row());
  Relation relation{std::move(nothing), {}};
  if (select.from) {
    HR_TRY(relation, from(*select.from, around));
  }
  Correlation* const correlation = around.correlation;
  if (correlation != nullptr && correlation->domain) {
    if (select.from) {
      HR_TRY(relation, crossed(*correlation->domain, std::move(relation)));
    } else {
      relation = *correlation->domain;
    }
  }
  Context context{.outer = around.outer, .correlation = correlation, .relation = &relation};
  if (select.where) HR_CHECK(where(select.where, context));
  HR_TRY(const auto items, expanded(select, relation));
  const auto aggregates = [](const SelectItem& item) { return has_aggregate_call(*item.value); };
  const bool is_grouped = !select.group_by.empty() || select.group_by_all || select.having || std::ranges::any_of(items, aggregates) ||
                          std::ranges::any_of(order_by, [](const OrderItem& item) { return has_aggregate_call(*item.key); });
  const bool is_of_all = is_grouped && select.group_by.empty() && !select.group_by_all;
  Relation before = relation;
  Grouping grouping{.input = &before};
  if (is_grouped) {
    if (correlation != nullptr && !correlation->rest.empty()) {
      // Groups would have to know the outer rows.
      correlation->missing = correlation->read;
      return fail(ErrorKind::Unsupported, "A subquery needs the values of its outer columns.");
    }
    HR_CHECK(group(select, items, order_by, context, grouping));
    if (select.having) HR_CHECK([&]() -> Result<void> {
      std::vector<NodePointer> parts;
      split_conjunction(select.having, parts);
      for (const NodePointer& part : parts) {
        HR_TRY(const Value written, expression(*part, context, &grouping));
        auto truth = values_.cast(written, TypeId::Bool, false);
        if (!truth) return source_.fail(part->at, truth.error());
        HR_TRY(relation.plan, relation.plan.filter(truth->expression));
      }
      return {};
    }());
  }
  const Grouping* const groups = is_grouped ? &grouping : nullptr;
  context.windows = &select;
  if (select.qualify) HR_CHECK(qualify(select, items, context, groups));
  Output output{relation.plan, {}};
  for (const SelectItem& item : items) {
    HR_TRY(const Value value, expression(*item.value, context, groups));
    const std::string name = item.alias.empty() ? name_of(*item.value) : item.alias;
    HR_TRY(const std::string id, as_column(value, name, relation));
    Output::Column column{.name = name, .id = id, .nullable = value.nullable};
    if (is_of_all) {
      column.when_empty = substitute(value.expression, [&](std::string_view read) -> std::optional<Expression> {
        const auto found = std::ranges::find(grouping.aggregates, read, &Grouping::Aggregate::id);
        if (found == grouping.aggregates.end()) return std::nullopt;
        const auto type = relation.plan.schema().index_of(read);
        const DataType of = relation.plan.schema()[*type].type;
        return Expression::literal(found->counts ? Scalar::of(int64_t{0}) : Scalar::null(of));
      });
    }
    output.columns.push_back(std::move(column));
  }
  HR_CHECK(order_keys(order_by, items, select.distinct, output, keys, context, groups));
  output.plan = relation.plan;
  output.is_one_row = is_of_all && !select.having && !select.qualify;
  if (!select.distinct) return output;
  std::set<std::string> also;
  if (correlation != nullptr) {
    for (const auto& equal : correlation->equal) also.insert(equal.inner);
    also.insert(correlation->kept.begin(), correlation->kept.end());
    if (correlation->domain) {
      for (const ScopeColumn& column : correlation->domain->columns) also.insert(column.id);
    }
  }
  return distinct(std::move(output), also);
}

}  // namespace headrace::frame::sql
