#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "frame/plan.h"
#include "frame/sql.h"
#include "frame/sql/source.h"
#include "frame/sql/syntax.h"
#include "frame/sql/values.h"
#include "frame/window.h"

namespace headrace::frame::sql {

/// A column that expressions may name. Its id is its name in plans, and different from all others of the query.
struct ScopeColumn {
  std::string table{};
  std::string name{};
  std::string id{};
  bool nullable = true;
  bool is_merged = false;  ///< by USING into another: found only with its table's name
  bool is_hidden = false;  ///< never found by its name
};

/// Rows, and what their columns are called.
struct Relation {
  Plan plan;
  std::vector<ScopeColumn> columns;
};

/// What a subquery has to do with the rows of the query around it. At first only conditions of WHERE may name columns of those rows: they
/// are taken out, and hold between the subquery's rows and the outer ones. If others do, the outer columns' different values
/// (the domain) are joined to the subquery's tables, so that it is calculated for each of them at once.
struct Correlation {
  struct Equal {
    Expression outer;
    std::string inner;  ///< an id
    bool nullable = true;
  };
  std::vector<Equal> equal;
  std::vector<Expression> rest;   ///< over columns of both
  std::set<std::string, std::less<>> kept;  ///< ids of inner columns that `rest` reads
  std::optional<Relation> domain;
  std::map<std::string, size_t, std::less<>> by_outer;  ///< where in the domain an outer column is
  std::vector<ScopeColumn> read;                        ///< outer columns that conditions name
  std::vector<ScopeColumn> missing;                     ///< outer columns that are named where a domain is needed
  bool keys_only = false;                               ///< whether `rest` needs a domain too

  bool is_none() const { return equal.empty() && rest.empty() && !domain; }
};

/// A select that is being planned, within those around it.
struct Context {
  Context* outer = nullptr;
  Correlation* correlation = nullptr;  ///< of the subquery whose select it is
  Relation* relation = nullptr;        ///< what names are looked up in, and what subqueries are joined to
  const Select* windows = nullptr;     ///< where windows may stand: the select whose WINDOW names them
};

/// The rows of a query.
struct Output {
  Plan plan;
  struct Column {
    std::string name, id;
    bool nullable = true;
    std::optional<Expression> when_empty{};  ///< of an aggregate of all rows: its value without any, if it has one
  };
  std::vector<Column> columns;
  bool is_one_row = false;  ///< always, whatever it is of
};

/// Plans the queries of a script.
class Planner {
 public:
  Planner(const Source& source, const SqlTables& tables) : source_(source), tables_(tables) {}

  Result<Plan> run(const Script& script);

 private:
  /// Common tables and views that a query may name, the innermost first.
  struct Named {
    const CommonTable* table;
    const Named* outer;                      ///< what it may name itself
    mutable std::optional<Output> planned{};  ///< once it has been
  };

  // Queries (plan_query.cpp).
  Result<Output> query(const Query& query, const Context& around);
  Result<Output> body(const Body& body, const std::vector<OrderItem>& order_by, std::vector<SortBy>& keys, const Context& around);
  Result<Output> limited(Output output, const Query& query, const std::vector<SortBy>& keys, const Context& around);
  Result<Output> values(const Body& body, const Context& around);
  Result<Output> set_operation(const Body& body, const Context& around);
  Result<Output> distinct(Output output, const std::set<std::string>& also);
  Result<void> sort_by_columns(const Output& output, const std::vector<OrderItem>& order_by, std::vector<SortBy>& keys);
  Result<std::optional<uint64_t>> row_count(const NodePointer& node);
  Result<Plan> positional(const Output& output, const std::vector<Field>& fields);

  // Selects (plan_select.cpp).
  struct Grouping;
  Result<Output> select(const Select& select, const std::vector<OrderItem>& order_by, std::vector<SortBy>& keys, const Context& around);
  Result<std::vector<SelectItem>> expanded(const Select& select, const Relation& relation);
  Result<void> where(const NodePointer& condition, Context& context);
  Result<void> correlated(const Value& condition, Context& context);
  Result<void> group(const Select& select, const std::vector<SelectItem>& items, const std::vector<OrderItem>& order_by, Context& context,
                     Grouping& grouping);
  Result<void> collect_aggregates(const Node& node, Context& context, Grouping& grouping);
  Result<NodePointer> group_key(const NodePointer& node, const std::vector<SelectItem>& items, const Context& context);
  Result<std::string> as_column(const Value& value, const std::string& name, Relation& relation);
  Result<void> order_keys(const std::vector<OrderItem>& order_by, const std::vector<SelectItem>& items, bool distinct, Output& output,
                          std::vector<SortBy>& keys, Context& context, const Grouping* grouping);

  // Tables (plan_from.cpp).
  Result<Relation> from(const TableNode& table, const Context& around);
  Result<Relation> named_table(const TableNode& table);
  Result<Relation> scanned(const Plan& plan, const std::string& alias);
  Result<Relation> relation_of(const Output& output, const std::string& alias, bool anew);
  Result<Relation> joined(const TableNode& table, const Context& around);
  Result<Relation> crossed(Relation left, Relation right);
  Result<Relation> outer_joined(const TableNode& table, Relation left, Relation right, const NodePointer& on, const Context& around);
  Result<NodePointer> using_condition(const TableNode& table, const Relation& left, Relation& right, std::vector<std::string>& merged);
  Result<void> rename_columns(const TableNode& table, Relation& relation);

  // Subqueries (plan_subquery.cpp).
  struct Subquery {
    Output output;
    Correlation correlation;
  };
  Result<Subquery> subquery(const Query& query, bool keys_only, Context& context);
  Result<Relation> domain_of(const std::vector<ScopeColumn>& columns, Correlation& correlation, const Context& context);
  Result<bool> filter_by_subquery(const Node& node, bool negated, Context& context);
  Result<bool> filter_by_comparison(const Node& node, Context& context);
  Result<void> half_join(const Subquery& inner, JoinKind kind, const std::optional<Value>& value, bool nulls_match, Context& context);
  Result<void> null_aware_anti_join(const Subquery& inner, const Value& value, Context& context);
  Result<Value> exists(const Node& node, Context& context);
  Result<Value> in_query(const Node& node, Context& context);
  Result<Value> scalar(const Node& node, bool may_drop_rows, Context& context);
  Result<void> cross_join(const Plan& right, Context& context);
  Result<void> key_join(const Plan& right, const Correlation& correlation, JoinKind kind, bool one_each, Context& context);
  Result<Value> inner_value(const Subquery& inner, const Node& node);
  Result<std::pair<std::string, std::string>> counts_of(const Subquery& inner, Context& context);

  // Expressions (plan_expression.cpp).
  Result<Value> expression(const Node& node, Context& context, const Grouping* grouping = nullptr, bool may_be_outer = false);
  Result<Value> expression_unplaced(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer);
  Result<Value> name(const Node& node, Context& context, bool may_be_outer);
  Result<Value> grouped_name(const Node& node, const Value& value, const Grouping& grouping);
  Result<Value> call(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer);
  Result<Expression> aggregate_of(const Node& node, Context& context, const Grouping* grouping = nullptr);
  Result<Value> binary(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer);
  Result<Value> case_of(const Node& node, Context& context, const Grouping* grouping, bool may_be_outer);
  Result<int64_t> interval_count(const Node& node);
  Result<std::optional<ScopeColumn>> find(const Node& node, const Relation& relation);
  Result<Value> outer_column(const Node& node, const std::vector<Context*>& inner, ScopeColumn column, bool may_be_outer);

  // Windows (plan_window.cpp).
  Result<Value> window_call(const Node& node, Context& context, const Grouping* grouping);
  Result<WindowSpec> window_spec(const Window& window, const Select& select, Context& context, const Grouping* grouping);
  Result<Expression> window_function(const Node& node, const std::vector<Value>& inputs, const WindowSpec& window);
  Result<void> qualify(const Select& select, const std::vector<SelectItem>& items, Context& context, const Grouping* grouping);

  std::string new_id(const std::string& name);
  void learn(const Plan& plan);

  const Source& source_;
  const SqlTables& tables_;
  Values values_;
  std::set<std::string, std::less<>> ids_;
  std::map<std::string, Plan, std::less<>> scans_;  ///< of files, by path
  const Named* named_ = nullptr;
  std::vector<std::shared_ptr<Named>> all_named_;
};

// Parts of syntax trees.

/// Whether an aggregate stands in it, outside of subqueries; one with OVER is none, but may have some in it.
bool has_aggregate_call(const Node& node);
bool has_subquery(const Node& node);
/// Whether a call with OVER stands in it, outside of subqueries.
bool has_window_call(const Node& node);
/// The parts that AND joins.
void split_conjunction(const NodePointer& node, std::vector<NodePointer>& parts);
/// What a column of it is called.
std::string name_of(const Node& node);
bool same_name(std::string_view left, std::string_view right);
/// With what every side of an OR demands taken out of it, split by AND.
std::vector<Expression> factored(const Expression& condition);

}  // namespace headrace::frame::sql
