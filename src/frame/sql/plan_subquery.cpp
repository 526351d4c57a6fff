#include <fmt/format.h>

#include <algorithm>

#include "frame/plan/rewrite.h"
#include "frame/sql/planner.h"

namespace headrace::frame::sql {
namespace {

using Kind = Node::Kind;

bool compares(const Node& node) { return node.kind == Kind::Binary && node.text.find_first_of("=<>") != std::string::npos; }

bool is_null_literal(const Expression& expression) {
  const auto* literal = std::get_if<Expression::Literal>(&expression.kind());
  return literal != nullptr && literal->value.is_null();
}

/// What the rows of a subquery are found by, on both sides.
struct Keys {
  std::vector<Expression> outer, inner;
  bool nulls_equal = false;
};

Keys keys_of(const Correlation& correlation) {
  Keys keys;
  for (const auto& equal : correlation.equal) {
    keys.outer.push_back(equal.outer);
    keys.inner.push_back(Expression::column(equal.inner));
  }
  for (const auto& [outer, place] : correlation.by_outer) {
    keys.outer.push_back(Expression::column(outer));
    keys.inner.push_back(Expression::column(correlation.domain->columns[place].id));
    keys.nulls_equal = true;
  }
  return keys;
}

}  // namespace

/// The different values that outer columns have, under ids of their own.
Result<Relation> Planner::domain_of(const std::vector<ScopeColumn>& columns, Correlation& correlation, const Context& context) {
  std::vector<Expression> keys;
  std::vector<ScopeColumn> made;
  for (const ScopeColumn& column : columns) {
    if (!correlation.by_outer.emplace(column.id, made.size()).second) continue;
    made.push_back({.id = new_id(column.id), .nullable = column.nullable, .is_hidden = true});
    keys.push_back(Expression::column(column.id).alias(made.back().id));
  }
  HR_TRY(Plan plan, context.relation->plan.group_by(keys, {}));
  learn(plan);
  return Relation{std::move(plan), std::move(made)};
}

Result<Planner::Subquery> Planner::subquery(const Query& query, bool keys_only, Context& context) {
  constexpr size_t kMostAttempts = 32;
  std::vector<ScopeColumn> wanted;
  for (size_t attempt = 0; attempt < kMostAttempts; ++attempt) {
    Correlation correlation;
    correlation.keys_only = keys_only;
    if (!wanted.empty()) {
      HR_TRY(correlation.domain, domain_of(wanted, correlation, context));
    }
    auto output = this->query(query, Context{.outer = &context, .correlation = &correlation});
    if (output && keys_only && !correlation.rest.empty()) {
      correlation.missing = correlation.read;
    } else if (output) {
      return Subquery{*std::move(output), std::move(correlation)};
    }
    if (correlation.missing.empty()) return std::unexpected(std::move(output).error());
    wanted.insert(wanted.end(), correlation.missing.begin(), correlation.missing.end());
  }
  return source_.fail(ErrorKind::Unsupported, query.at, "The subquery reads too many columns of the outer query.");
}

/// A condition that is a subquery's answer: rows are kept or dropped by a join. False if it is none.
Result<bool> Planner::filter_by_subquery(const Node& node, bool negated, Context& context) {
  if (node.kind == Kind::Unary && node.text == "not") return filter_by_subquery(*node.inputs[0], !negated, context);
  const bool drops = negated != node.negated;
  if (node.kind == Kind::Exists) {
    Query unordered = *node.query;
    unordered.order_by.clear();
    // One row is enough, whichever.
    const bool all = unordered.limit && unordered.limit->kind == Kind::Number && unordered.limit->text != "0" && !unordered.offset;
    if (all) unordered.limit = nullptr;
    HR_TRY(const Subquery inner, subquery(unordered, false, context));
    if (inner.correlation.is_none()) return false;
    HR_CHECK(half_join(inner, drops ? JoinKind::Anti : JoinKind::Semi, std::nullopt, false, context));
    return true;
  }
  if (node.kind == Kind::InQuery) {
    HR_TRY(const Value value, expression(*node.inputs[0], context));
    HR_TRY(const Subquery inner, subquery(*node.query, false, context));
    HR_TRY(const Value other, inner_value(inner, node));
    if (drops) {
      HR_CHECK(null_aware_anti_join(inner, value, context));
    } else {
      HR_CHECK(half_join(inner, JoinKind::Semi, value, false, context));
    }
    return true;
  }
  return negated ? Result<bool>(false) : filter_by_comparison(node, context);
}

/// Where a comparison with null drops a row, the row need not be kept until then.
Result<bool> Planner::filter_by_comparison(const Node& node, Context& context) {
  if (!compares(node)) return false;
  const Node &left = *node.inputs[0], &right = *node.inputs[1];
  const bool of_left = left.kind == Kind::Scalar && !has_subquery(right), of_right = right.kind == Kind::Scalar && !has_subquery(left);
  if (!of_left && !of_right) return false;
  HR_TRY(const Value answer, scalar(of_left ? left : right, true, context));
  HR_TRY(const Value other, expression(of_left ? right : left, context));
  auto condition = of_left ? values_.comparison(node.text, answer, other) : values_.comparison(node.text, other, answer);
  if (!condition) return source_.fail(node.at, condition.error());
  HR_TRY(context.relation->plan, context.relation->plan.filter(condition->expression));
  return true;
}

/// The only column of a subquery.
Result<Value> Planner::inner_value(const Subquery& inner, const Node& node) {
  if (inner.output.columns.size() == 1) return values_.column(inner.output.columns[0].id, inner.output.columns[0].nullable);
  return source_.fail(ErrorKind::InvalidArgument, node.at,
                      fmt::format("The subquery must have one column here, and has {}.", inner.output.columns.size()));
}

/// Keeps rows, or drops them, that find one of the subquery's. `nulls_match`: null is found by all, and finds all.
Result<void> Planner::half_join(const Subquery& inner, JoinKind kind, const std::optional<Value>& value, bool nulls_match,
    Context& context) {
  Keys keys = keys_of(inner.correlation);
  std::vector<Expression> conditions = inner.correlation.rest;
  if (value) {
    const Output::Column& column = inner.output.columns[0];
    HR_TRY(auto sides, values_.comparable(*value, values_.column(column.id, column.nullable)));
    if (sides.first.type.is_float() != sides.second.type.is_float()) {
      HR_TRY(sides.first, values_.cast(sides.first, TypeId::Float64, false));
      HR_TRY(sides.second, values_.cast(sides.second, TypeId::Float64, false));
    }
    const Expression &one = sides.first.expression, &other = sides.second.expression;
    const auto null = [](const Expression& side) { return Expression::unary(UnaryOperator::IsNull, side); };
    const auto equal = Expression::binary(BinaryOperator::Equal, one, other);
    if (nulls_match) {
      const auto either = Expression::binary(BinaryOperator::Or, null(one), null(other));
      conditions.push_back(Expression::binary(BinaryOperator::Or, equal, either));
    } else if (keys.nulls_equal || !has_column(one)) {
      conditions.push_back(equal);
    } else {
      keys.outer.push_back(one);
      keys.inner.push_back(other);
    }
  }
  JoinOptions options{.kind = kind, .nulls_equal = keys.nulls_equal};
  if (!conditions.empty()) options.condition = all_of(conditions);
  HR_TRY(context.relation->plan, context.relation->plan.join(inner.output.plan, keys.outer, keys.inner, options));
  return {};
}

/// NOT IN is null, and no row's, where the value is not found and a null is.
Result<void> Planner::null_aware_anti_join(const Subquery& inner, const Value& value, Context& context) {
  const bool has_nulls = value.nullable || inner.output.columns[0].nullable;
  if (!has_nulls) return half_join(inner, JoinKind::Anti, value, false, context);
  if (!inner.correlation.is_none()) return half_join(inner, JoinKind::Anti, value, true, context);
  HR_TRY(const auto counts, counts_of(inner, context));
  using enum BinaryOperator;
  const auto rows = Expression::column(counts.first), known = Expression::column(counts.second);
  const auto none = Expression::binary(Equal, rows, Expression::literal(Scalar::of(int64_t{0})));
  const auto both = Expression::binary(And, Expression::unary(UnaryOperator::IsNotNull, value.expression), Expression::binary(Equal,
      rows, known));
  HR_TRY(context.relation->plan, context.relation->plan.filter(Expression::binary(Or, none, both)));
  return half_join(inner, JoinKind::Anti, value, false, context);
}

/// Columns with how many rows the subquery has for each row, and how many of them have a value; null where there are none.
Result<std::pair<std::string, std::string>> Planner::counts_of(const Subquery& inner, Context& context) {
  const std::string rows = new_id("rows"), known = new_id("values");
  const Expression column = Expression::column(inner.output.columns[0].id);
  const auto wide = [](const Expression& count) { return Expression::cast(count, TypeId::Int64, true); };
  const Expression counts[] = {wide(Expression::len()).alias(rows),
                               wide(Expression::aggregate({.op = AggregateOperator::Count}, column)).alias(known)};
  const Keys keys = keys_of(inner.correlation);
  if (keys.inner.empty()) {
    HR_TRY(const Plan plan, inner.output.plan.select(counts));
    HR_CHECK(cross_join(plan, context));
  } else {
    HR_TRY(const Plan plan, inner.output.plan.group_by(keys.inner, counts));
    HR_CHECK(key_join(plan, inner.correlation, JoinKind::Left, false, context));
  }
  return std::pair(rows, known);
}

Result<void> Planner::cross_join(const Plan& right, Context& context) {
  HR_TRY(context.relation->plan, context.relation->plan.join(right, {}, {}, {.kind = JoinKind::Cross}));
  learn(context.relation->plan);
  return {};
}

/// Joins what was calculated for the keys of a correlation to the rows that have them.
Result<void> Planner::key_join(const Plan& right, const Correlation& correlation, JoinKind kind, bool one_each, Context& context) {
  const Keys keys = keys_of(correlation);
  // The keys may stand in the query more than once.
  std::vector<Expression> columns, renamed;
  std::set<std::string> used;
  for (const Expression& key : keys.inner) {
    used.insert(key.name());
    const std::string id = new_id(key.name());
    columns.push_back(key.alias(id));
    renamed.push_back(Expression::column(id));
  }
  for (const Field& field : right.schema().fields()) {
    if (!used.contains(field.name)) columns.push_back(Expression::column(field.name));
  }
  HR_TRY(const Plan plan, right.select(columns));
  JoinOptions options{.kind = kind, .nulls_equal = keys.nulls_equal, .coalesce = false};
  if (one_each) options.validation = JoinValidation::ManyToOne;
  HR_TRY(context.relation->plan, context.relation->plan.join(plan, keys.outer, renamed, options));
  learn(context.relation->plan);
  return {};
}

Result<Value> Planner::exists(const Node& node, Context& context) {
  Query unordered = *node.query;
  unordered.order_by.clear();
  HR_TRY(const Subquery inner, subquery(unordered, true, context));
  const std::string mark = new_id("exists");
  const Keys keys = keys_of(inner.correlation);
  if (keys.inner.empty()) {
    const Expression some = Expression::binary(BinaryOperator::Greater, Expression::len(),
        Expression::literal(Scalar::of(int64_t{0}))).alias(mark);
    HR_TRY(const Plan plan, inner.output.plan.slice(0, 1).select({&some, 1}));
    HR_CHECK(cross_join(plan, context));
    return values_.column(mark, false);
  }
  const Expression marked = Expression::literal(Scalar::of(true)).alias(mark);
  HR_TRY(const Plan different, inner.output.plan.group_by(keys.inner, {}));
  HR_TRY(const Plan plan, different.with_columns({&marked, 1}));
  HR_CHECK(key_join(plan, inner.correlation, JoinKind::Left, false, context));
  return values_.is_null(values_.column(mark, true), true);
}

Result<Value> Planner::in_query(const Node& node, Context& context) {
  HR_TRY(const Value value, expression(*node.inputs[0], context));
  HR_TRY(const Subquery inner, subquery(*node.query, true, context));
  HR_TRY(const Value other, inner_value(inner, node));
  HR_TRY(const auto counts, counts_of(inner, context));
  // The value beside the keys is one more of them.
  HR_TRY(const auto sides, values_.comparable(value, other));
  const std::string mark = new_id("in"), wanted = new_id("wanted");
  Keys keys = keys_of(inner.correlation);
  keys.inner.push_back(sides.second.expression.alias(wanted));
  const Expression marked = Expression::literal(Scalar::of(true)).alias(mark);
  HR_TRY(const Plan different, inner.output.plan.group_by(keys.inner, {}));
  HR_TRY(const Plan plan, different.with_columns({&marked, 1}));
  learn(plan);
  Correlation correlation = inner.correlation;
  if (correlation.domain) return source_.fail(ErrorKind::Unsupported, node.at,
      "IN with this subquery is supported only as a condition of WHERE.");
  correlation.equal.push_back({sides.first.expression, wanted, true});
  HR_CHECK(key_join(plan, correlation, JoinKind::Left, false, context));
  HR_TRY(const Value found, values_.is_null(values_.column(mark, true), true));
  const Value zero = Values::literal(Scalar::of(int64_t{0}));
  HR_TRY(const Value rows, values_.make(Expression::column(counts.first), true));
  HR_TRY(const Value some, values_.comparison(">", rows, zero));
  HR_TRY(const Value lacks, values_.comparison("<>", rows, values_.column(counts.second, true)));
  HR_TRY(const Value unknown, values_.is_null(value, false));
  HR_TRY(const Value may_be, values_.any_of({lacks, unknown}));
  HR_TRY(const Value is_null, values_.all_of({some, may_be}));
  HR_TRY(const Value missing, values_.when(is_null, Values::literal(Scalar::null(TypeId::Bool)), Values::boolean(false)));
  return values_.when(found, Values::boolean(true), missing);
}

/// A subquery as a value. `may_drop_rows`: null would drop the row anyway.
Result<Value> Planner::scalar(const Node& node, bool may_drop_rows, Context& context) {
  HR_TRY(const Subquery inner, subquery(*node.query, true, context));
  HR_TRY(Value value, inner_value(inner, node));
  const Output& output = inner.output;
  const Expression answer = value.expression;
  if (inner.correlation.is_none() && output.is_one_row) {
    const std::string id = new_id(output.columns[0].name);
    const Expression only = answer.alias(id);
    HR_TRY(const Plan plan, output.plan.select({&only, 1}));
    HR_CHECK(cross_join(plan, context));
    return values_.column(id, true);
  }
  const std::string id = new_id(output.columns[0].name), mark = new_id("found");
  std::vector<Expression> columns = keys_of(inner.correlation).inner;
  const auto one = Expression::literal(Scalar::of(true));
  columns.push_back(answer.alias(id));
  columns.push_back(one.alias(mark));
  HR_TRY(const Plan plan, output.plan.select(columns));
  learn(plan);
  if (inner.correlation.is_none()) {
    // One row, or none; more are an error.
    const std::string key = new_id("only");
    const Expression left = one.alias(key);
    HR_TRY(context.relation->plan, context.relation->plan.with_columns({&left, 1}));
    const Expression left_on[] = {Expression::column(key)}, right_on[] = {Expression::column(mark)};
    const JoinOptions options{.kind = JoinKind::Left, .coalesce = false, .validation = JoinValidation::ManyToOne};
    HR_TRY(context.relation->plan, context.relation->plan.join(plan, left_on, right_on, options));
    learn(context.relation->plan);
    return values_.column(id, true);
  }
  const auto& empty = output.columns[0].when_empty;
  const Expression otherwise = empty ? folded(*empty) : Expression::literal(Scalar());
  const bool has_other = empty && !is_null_literal(otherwise);
  const bool drops = may_drop_rows && !has_other && output.is_one_row;
  HR_CHECK(key_join(plan, inner.correlation, drops ? JoinKind::Inner : JoinKind::Left, !output.is_one_row, context));
  const Value found = values_.column(id, true);
  if (!has_other) return found;
  HR_TRY(const Value is_found, values_.is_null(values_.column(mark, true), true));
  HR_TRY(const Value rest, values_.make(otherwise, true));
  HR_TRY(const Value typed, values_.cast(rest, found.type, false));
  return values_.when(is_found, found, typed);
}

}  // namespace headrace::frame::sql
