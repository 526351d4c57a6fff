#include <fmt/format.h>

#include <algorithm>

#include "frame/sql/parser.h"
#include "frame/sql/planner.h"

namespace headrace::frame::sql {
namespace {

/// The names under which columns leave a query: those that stand twice are numbered.
std::vector<std::string> different_names(const std::vector<Output::Column>& columns) {
  std::vector<std::string> names;
  for (const Output::Column& column : columns) {
    std::string name = column.name;
    for (size_t n = 1; std::ranges::find(names, name) != names.end(); ++n) name = fmt::format("{}_{}", column.name, n);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

Result<Plan> Planner::run(const Script& script) {
  for (const CommonTable& view : script.views) {
    all_named_.push_back(std::make_shared<Named>(Named{&view, named_}));
    named_ = all_named_.back().get();
  }
  HR_TRY(const Output output, query(*script.query, Context()));
  std::vector<Expression> columns;
  const auto names = different_names(output.columns);
  for (size_t i = 0; i < names.size(); ++i) columns.push_back(Expression::column(output.columns[i].id).alias(names[i]));
  return output.plan.select(columns);
}

Result<Output> Planner::query(const Query& query, const Context& around) {
  const Named* const before = named_;
  for (const CommonTable& table : query.with) {
    all_named_.push_back(std::make_shared<Named>(Named{&table, named_}));
    named_ = all_named_.back().get();
  }
  std::vector<SortBy> keys;
  auto output = body(*query.body, query.order_by, keys, around);
  named_ = before;
  if (!output) return output;
  return limited(*std::move(output), query, keys, around);
}

Result<Output> Planner::limited(Output output, const Query& query, const std::vector<SortBy>& keys, const Context& around) {
  if ((query.limit || query.offset) && around.correlation != nullptr && !around.correlation->is_none()) {
    return source_.fail(ErrorKind::Unsupported, query.at, "LIMIT in a subquery that reads columns of an outer one is not supported.");
  }
  output.plan = output.plan.in_any_order();
  if (!keys.empty()) {
    HR_TRY(output.plan, output.plan.sort(keys));
  }
  HR_TRY(const auto limit, row_count(query.limit));
  HR_TRY(const auto offset, row_count(query.offset));
  if (limit || offset) {
    output.plan = output.plan.slice(static_cast<int64_t>(offset.value_or(0)), limit.value_or(UINT64_MAX));
    output.is_one_row = false;
  }
  return output;
}

Result<std::optional<uint64_t>> Planner::row_count(const NodePointer& node) {
  if (!node) return std::nullopt;
  Context none;
  HR_TRY(const Value value, expression(*node, none));
  if (value.literal() == nullptr || !value.type.is_integer() || value.literal()->as_whole() < 0) {
    return source_.fail(ErrorKind::InvalidArgument, node->at, "A number of rows is a whole number of at least 0.");
  }
  return static_cast<uint64_t>(value.literal()->as_whole());
}

Result<Output> Planner::body(const Body& body, const std::vector<OrderItem>& order_by, std::vector<SortBy>& keys, const Context& around) {
  if (body.kind == Body::Kind::Select) return select(body.select, order_by, keys, around);
  std::optional<Output> output;
  if (body.kind == Body::Kind::Query) {
    HR_TRY(output, query(*body.query, around));
  } else if (body.kind == Body::Kind::Values) {
    HR_TRY(output, values(body, around));
  } else {
    HR_TRY(output, set_operation(body, Context{.outer = around.outer}));
  }
  HR_CHECK(sort_by_columns(*output, order_by, keys));
  return *std::move(output);
}

/// Behind a set operation rows go by columns of the result.
Result<void> Planner::sort_by_columns(const Output& output, const std::vector<OrderItem>& order_by, std::vector<SortBy>& keys) {
  for (const OrderItem& item : order_by) {
    const Node& key = *item.key;
    size_t place = output.columns.size();
    if (key.kind == Node::Kind::Number && key.text.size() < 6 && key.text.find('.') == std::string::npos) {
      place = static_cast<size_t>(std::stoul(key.text)) - 1;
    } else if (key.kind == Node::Kind::Name) {
      const auto same = [&](const Output::Column& column) { return same_name(column.name, key.names.back()); };
      place = static_cast<size_t>(std::ranges::find_if(output.columns, same) - output.columns.begin());
    }
    if (place >= output.columns.size()) {
      return source_.fail(ErrorKind::InvalidArgument, key.at,
          "The rows of these queries are put in order by a name or a place of their columns.");
    }
    keys.push_back({Expression::column(output.columns[place].id), item.descending, !item.nulls_first});
  }
  return {};
}

Result<Output> Planner::values(const Body& body, const Context& around) {
  const size_t width = body.rows.front().size();
  std::vector<std::vector<Value>> columns(width);
  Context context{.outer = around.outer};
  for (const auto& row : body.rows) {
    if (row.size() != width) return source_.fail(ErrorKind::InvalidArgument, row.front()->at,
        fmt::format("This row has {} values, the first one {}.", row.size(), width));
    for (size_t i = 0; i < width; ++i) {
      HR_TRY(Value value, expression(*row[i], context));
      columns[i].push_back(std::move(value));
    }
  }
  Output output{Plan::scan(DataFrame()), {}};
  for (size_t i = 0; i < width; ++i) {
    auto alike = values_.alike(std::move(columns[i]));
    if (!alike) return source_.fail(body.at, alike.error());
    columns[i] = *std::move(alike);
    const std::string name = fmt::format("col{}", i);
    const bool nullable = std::ranges::any_of(columns[i], [](const Value& value) { return value.nullable; });
    output.columns.push_back({.name = name, .id = new_id(name), .nullable = nullable});
  }
  std::vector<Plan> rows;
  for (size_t n = 0; n < body.rows.size(); ++n) {
    std::vector<Expression> row;
    for (size_t i = 0; i < width; ++i) {
      const Expression typed = Expression::cast(columns[i][n].expression, columns[i][n].type, true);
      row.push_back(typed.alias(output.columns[i].id));
    }
    HR_TRY(Plan plan, Plan::scan(DataFrame()).select(row));
    rows.push_back(std::move(plan));
  }
  HR_TRY(output.plan, Plan::concat(rows));
  learn(output.plan);
  return output;
}

/// The columns as these fields, one after the other.
Result<Plan> Planner::positional(const Output& output, const std::vector<Field>& fields) {
  std::vector<Expression> columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    HR_TRY(const Value value, values_.cast(values_.column(output.columns[i].id, true), fields[i].type, false));
    columns.push_back(value.expression.alias(fields[i].name));
  }
  return output.plan.select(columns);
}

Result<Output> Planner::distinct(Output output, const std::set<std::string>& also) {
  std::set<std::string> ids = also;
  std::vector<Expression> keys;
  for (const Output::Column& column : output.columns) ids.insert(column.id);
  for (const std::string& id : ids) keys.push_back(Expression::column(id));
  HR_TRY(output.plan, output.plan.group_by(keys, {}));
  return output;
}

Result<Output> Planner::set_operation(const Body& body, const Context& around) {
  std::vector<SortBy> none;
  HR_TRY(const Output left, this->body(*body.left, {}, none, around));
  HR_TRY(const Output right, this->body(*body.right, {}, none, around));
  if (left.columns.size() != right.columns.size()) {
    return source_.fail(ErrorKind::InvalidArgument, body.at,
                        fmt::format("The queries have {} and {} columns.", left.columns.size(), right.columns.size()));
  }
  std::vector<Field> fields, of_right;
  Output output{left.plan, {}};
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const DataType one = values_.column(left.columns[i].id, true).type, other = values_.column(right.columns[i].id, true).type;
    const auto both = type_of_both(one, other);
    if (!both) {
      return source_.fail(ErrorKind::InvalidArgument, body.at,
                          fmt::format("Column {} is {} in one query and {} in the other; cast one of them.", i + 1, to_string(one),
                              to_string(other)));
    }
    const std::string id = new_id(left.columns[i].name);
    fields.push_back({id, *both});
    of_right.push_back({body.kind == Body::Kind::Union ? id : new_id(id), *both});
    output.columns.push_back({.name = left.columns[i].name, .id = id, .nullable = left.columns[i].nullable || right.columns[i].nullable});
  }
  HR_TRY(const Plan first, positional(left, fields));
  HR_TRY(const Plan second, positional(right, of_right));
  if (body.kind == Body::Kind::Union) {
    const Plan both[] = {first, second};
    HR_TRY(output.plan, Plan::concat(both));
    learn(output.plan);
    return body.all ? Result<Output>(std::move(output)) : distinct(std::move(output), {});
  }
  if (body.all) return source_.fail(ErrorKind::Unsupported, body.at, "INTERSECT ALL and EXCEPT ALL are not supported.");
  std::vector<Expression> left_on, right_on;
  for (size_t i = 0; i < fields.size(); ++i) {
    left_on.push_back(Expression::column(fields[i].name));
    right_on.push_back(Expression::column(of_right[i].name));
  }
  const JoinKind kind = body.kind == Body::Kind::Intersect ? JoinKind::Semi : JoinKind::Anti;
  HR_TRY(output.plan, first.join(second, left_on, right_on, {.kind = kind, .nulls_equal = true}));
  learn(output.plan);
  return distinct(std::move(output), {});
}

}  // namespace headrace::frame::sql

namespace headrace::frame {

Result<Plan> sql_plan(std::string_view query, const SqlTables& tables) {
  const sql::Source source(query);
  HR_TRY(const sql::Script script, sql::parse(source));
  return sql::Planner(source, tables).run(script);
}

}  // namespace headrace::frame
