#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <utility>

#include "frame/expressions/bound_expression.h"
#include "frame/operators/join_columns.h"
#include "frame/plan/optimise/cardinality.h"
#include "frame/plan/optimise/join_order.h"
#include "frame/plan/optimise/passes.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame {
namespace {

using Set = JoinGraph::Set;
using Conditions = std::vector<Expression>;
using Renaming = std::map<std::string, std::string, std::less<>>;

std::set<std::string, std::less<>> columns_of(const Expression& expression) {
  std::set<std::string, std::less<>> names;
  add_columns(expression, names);
  return names;
}

bool can_fail(const Expression& expression, const Schema& schema) {
  const auto bound = BoundExpression::bind(expression, schema);
  return !bound || bound->can_fail();
}

PlanNodePointer filtered(PlanNodePointer node, Conditions conditions) {
  if (conditions.empty()) return node;
  Schema schema = node->schema;
  return make_node(PlanNode::Filter{std::move(conditions)}, {std::move(node)}, std::move(schema));
}

void split_or(const Expression& condition, Conditions& parts) {
  const auto* binary = std::get_if<Expression::Binary>(&condition.kind());
  if (binary == nullptr || binary->op != BinaryOperator::Or) return parts.push_back(condition);
  for (const Expression& side : condition.inputs()) split_or(without_alias(side), parts);
}

/// Inner joins that stand together, with the conditions between them, taken apart: what is joined in whichever order.
class Cluster {
 public:
  explicit Cluster(Cardinality& cardinality) : cardinality_(cardinality) {}

  /// Takes the node apart, or as it is. `rewrite` is applied to what is joined.
  template <class Rewrite>
  void add(const PlanNodePointer& node, const Rewrite& rewrite) {
    if (const auto* filter = std::get_if<PlanNode::Filter>(&node->kind); filter != nullptr && !is_of_all_rows(*node)) {
      add(node->inputs[0], rewrite);
      for (const Expression& condition : filter->conditions) split(condition, conditions_);
      return;
    }
    if (std::holds_alternative<PlanNode::AnyOrder>(node->kind)) return add(node->inputs[0], rewrite);
    const auto* join = std::get_if<PlanNode::Join>(&node->kind);
    if (join == nullptr || !may_be_moved(*node, *join)) return add_relation(rewrite(node));
    add(node->inputs[0], rewrite);
    if (is_half(*join)) {
      halves_.push_back({relations_.size(), *join});
      return add_relation(rewrite(node->inputs[1]));
    }
    add(node->inputs[1], rewrite);
    for (size_t i = 0; i < join->left_on.size(); ++i) {
      conditions_.push_back(Expression::binary(BinaryOperator::Equal, join->left_on[i], join->right_on[i]));
    }
    if (join->options.condition) split(*join->options.condition, conditions_);
  }

  size_t size() const { return relations_.size(); }

  /// The joins in the best order, with the columns of `wanted`.
  PlanNodePointer ordered(const Schema& wanted) {
    find_owners();
    sort_conditions();
    add_implied();
    make_graph();
    tree_ = best_order(graph_);
    Made made = build((Set{1} << relations_.size()) - 1);
    if (made.node == nullptr) return nullptr;
    Conditions last;
    for (const Expression& condition : last_) last.push_back(renamed(condition, made.names));
    return chosen(filtered(std::move(made.node), std::move(last)), made.names, wanted);
  }

 private:
  struct Half {
    size_t relation;
    PlanNode::Join join;
  };
  /// An equality of two expressions of different relations.
  struct Edge {
    Expression left, right;
    Set of_left, of_right;
  };
  struct Residual {
    Expression condition;
    Set reads;
  };
  struct Made {
    PlanNodePointer node{};
    Renaming names{};  ///< under which columns that were joined away are found
  };

  static bool is_half(const PlanNode::Join& join) {
    return join.options.kind == JoinKind::Semi || join.options.kind == JoinKind::Anti;
  }

  /// Joins whose columns have names of their own, all of them, and that only match.
  static bool may_be_moved(const PlanNode& node, const PlanNode::Join& join) {
    const JoinKind kind = join.options.kind;
    const bool is_inner = kind == JoinKind::Inner || kind == JoinKind::Cross;
    if ((!is_inner && !is_half(join)) || join.options.validation != JoinValidation::ManyToMany) return false;
    if (is_inner && join.options.nulls_equal) return false;
    const Schema &left = node.inputs[0]->schema, &right = node.inputs[1]->schema;
    return std::ranges::none_of(right.fields(), [&](const Field& field) { return left.index_of(field.name).has_value(); });
  }

  void add_relation(PlanNodePointer node) { relations_.push_back(std::move(node)); }

  void find_owners() {
    std::vector<Field> fields;
    for (size_t i = 0; i < relations_.size(); ++i) {
      for (const Field& field : relations_[i]->schema.fields()) {
        owners_.emplace(field.name, i);
        fields.push_back(field);
      }
    }
    schema_ = *Schema::make(std::move(fields));
  }

  Set relations_of(const Expression& expression) const {
    Set set = 0;
    for (const std::string& name : columns_of(expression)) {
      if (const auto owner = owners_.find(name); owner != owners_.end()) set |= Set{1} << owner->second;
    }
    return set;
  }

  /// What can fail waits until all is joined, as it did.
  void sort_conditions() {
    for (const Expression& condition : conditions_) {
      const Set reads = relations_of(condition);
      if (can_fail(condition, schema_) || reads == 0) {
        last_.push_back(condition);
      } else if (std::has_single_bit(reads)) {
        narrow(static_cast<size_t>(std::countr_zero(reads)), condition);
      } else if (!add_equality(condition)) {
        residuals_.push_back({condition, reads});
      }
    }
  }

  void narrow(size_t relation, const Expression& condition) { relations_[relation] = filtered(relations_[relation], {condition}); }

  bool add_equality(const Expression& condition) {
    const auto* binary = std::get_if<Expression::Binary>(&condition.kind());
    if (binary == nullptr || binary->op != BinaryOperator::Equal) return false;
    const Expression &left = condition.inputs()[0], &right = condition.inputs()[1];
    const Set of_left = relations_of(left), of_right = relations_of(right);
    if (of_left == 0 || of_right == 0 || (of_left & of_right) != 0) return false;
    const DataType left_type = BoundExpression::bind(left, schema_)->type(), right_type = BoundExpression::bind(right, schema_)->type();
    const auto* one = std::get_if<Expression::Column>(&left.kind());
    const auto* other = std::get_if<Expression::Column>(&right.kind());
    // Floats that are equal may differ, as 0.0 and -0.0 do: one cannot stand for the other.
    if (one != nullptr && other != nullptr && left_type == right_type && !left_type.is_float()) {
      unite(one->name, other->name);
      return true;
    }
    if (!join_type(left_type, right_type)) return false;
    edges_.push_back({left, right, of_left, of_right});
    return true;
  }

  void unite(const std::string& one, const std::string& other) {
    const auto holding = [&](const std::string& name) {
      return std::ranges::find_if(classes_, [&](const auto& each) { return std::ranges::find(each, name) != each.end(); });
    };
    auto first = holding(one);
    if (first == classes_.end()) first = classes_.insert(classes_.end(), {one});
    const auto second = holding(other);
    if (second == classes_.end()) {
      first->push_back(other);
    } else if (first != second) {
      first->insert(first->end(), second->begin(), second->end());
      classes_.erase(second);
    }
  }

  /// An OR whose sides all demand something of one relation demands one of these of it.
  void add_implied() {
    for (const Residual& residual : residuals_) {
      Conditions sides;
      split_or(residual.condition, sides);
      if (sides.size() < 2) continue;
      for (size_t relation = 0; relation < relations_.size(); ++relation) {
        if ((residual.reads >> relation & 1) != 0) add_implied(sides, relation);
      }
    }
  }

  void add_implied(const Conditions& sides, size_t relation) {
    std::optional<Expression> any;
    for (const Expression& side : sides) {
      Conditions parts;
      split(side, parts);
      std::erase_if(parts, [&](const Expression& part) { return relations_of(part) != Set{1} << relation; });
      if (parts.empty()) return;
      const Expression all = all_of(parts);
      any = any ? Expression::binary(BinaryOperator::Or, *any, all) : all;
    }
    narrow(relation, *any);
  }

  void make_graph() {
    std::vector<Estimate> estimates;
    for (const PlanNodePointer& relation : relations_) {
      estimates.push_back(cardinality_.of(*relation));
      graph_.relations.push_back({.rows = std::max(1.0, estimates.back().rows), .base_rows = std::max(1.0, estimates.back().base_rows)});
    }
    for (const auto& names : classes_) {
      JoinGraph::Class made;
      for (const std::string& name : names) {
        const size_t owner = owners_.find(name)->second;
        made.members.push_back({owner, estimates[owner].distinct_of(Expression::column(name))});
      }
      graph_.classes.push_back(std::move(made));
    }
    for (const Edge& edge : edges_) {
      if (!std::has_single_bit(edge.of_left) || !std::has_single_bit(edge.of_right)) continue;
      const auto left = static_cast<size_t>(std::countr_zero(edge.of_left)), right = static_cast<size_t>(std::countr_zero(edge.of_right));
      graph_.classes.push_back({{{left, estimates[left].distinct_of(edge.left)}, {right, estimates[right].distinct_of(edge.right)}}});
    }
    for (const Residual& residual : residuals_) graph_.conditions.push_back({residual.reads, Cardinality::selectivity(residual.condition,
        {})});
    for (const Half& half : halves_) add_half(half, estimates);
  }

  void add_half(const Half& half, const std::vector<Estimate>& estimates) {
    JoinGraph::Relation& relation = graph_.relations[half.relation];
    double found = 1;
    for (size_t i = 0; i < half.join.left_on.size(); ++i) {
      const Set reads = relations_of(half.join.left_on[i]);
      relation.needs |= reads;
      if (!std::has_single_bit(reads)) continue;
      const auto owner = static_cast<size_t>(std::countr_zero(reads));
      const double values = estimates[owner].distinct_of(half.join.left_on[i]);
      found = std::min(found, estimates[half.relation].distinct_of(half.join.right_on[i]) / std::max(1.0, values));
    }
    if (half.join.options.condition) relation.needs |= relations_of(*half.join.options.condition) & ~(Set{1} << half.relation);
    const bool is_anti = half.join.options.kind == JoinKind::Anti;
    relation.keeps = is_anti ? std::clamp(1 - found, 0.3, 1.0) : std::clamp(found, 0.0001, 0.9);
    // What reads nothing of the rows stands behind the first relation.
    if (relation.needs == 0) relation.needs = 1;
  }

  static Expression renamed(const Expression& expression, const Renaming& names) {
    return *substitute(expression, [&](std::string_view name) -> std::optional<Expression> {
      const auto found = names.find(name);
      return Expression::column(found == names.end() ? std::string(name) : found->second);
    });
  }

  Made build(Set set) {
    if (std::has_single_bit(set)) return {relations_[static_cast<size_t>(std::countr_zero(set))], {}};
    const auto step = tree_.steps[set];
    if (step.left == 0) return {};
    Made left = build(step.left), right = build(step.right);
    if (left.node == nullptr || right.node == nullptr) return {};
    const auto half = std::ranges::find_if(halves_, [&](const Half& each) { return step.right == Set{1} << each.relation; });
    Made made = half != halves_.end() ? half_join(*half, std::move(left), std::move(right))
                                      : inner_join(step.left, step.right, std::move(left), std::move(right));
    Conditions now;
    for (const Residual& residual : residuals_) {
      const bool is_new = (residual.reads & ~step.left) != 0 && (residual.reads & ~step.right) != 0;
      if ((residual.reads & ~set) == 0 && is_new) now.push_back(renamed(residual.condition, made.names));
    }
    made.node = filtered(std::move(made.node), std::move(now));
    return made;
  }

  Made half_join(const Half& half, Made left, Made right) {
    PlanNode::Join join = half.join;
    for (Expression& key : join.left_on) key = renamed(key, left.names);
    if (join.options.condition) join.options.condition = renamed(*join.options.condition, left.names);
    Schema schema = left.node->schema;
    return {make_node(std::move(join), {std::move(left.node), std::move(right.node)}, std::move(schema)), std::move(left.names)};
  }

  /// A column of a class that the set has.
  std::optional<std::string> member(const std::vector<std::string>& names, Set set) const {
    for (const std::string& name : names) {
      if ((set >> owners_.find(name)->second & 1) != 0) return name;
    }
    return std::nullopt;
  }

  Made inner_join(Set of_left, Set of_right, Made left, Made right) {
    PlanNode::Join join;
    Renaming names = left.names;
    names.insert(right.names.begin(), right.names.end());
    for (const auto& one : classes_) {
      const auto first = member(one, of_left), second = member(one, of_right);
      if (!first || !second) continue;
      join.left_on.push_back(renamed(Expression::column(*first), left.names));
      join.right_on.push_back(renamed(Expression::column(*second), right.names));
    }
    const size_t columns = join.left_on.size();
    for (const Edge& edge : edges_) {
      const bool in_order = (edge.of_left & ~of_left) == 0 && (edge.of_right & ~of_right) == 0;
      const bool turned = (edge.of_left & ~of_right) == 0 && (edge.of_right & ~of_left) == 0;
      if (!in_order && !turned) continue;
      join.left_on.push_back(renamed(in_order ? edge.left : edge.right, left.names));
      join.right_on.push_back(renamed(in_order ? edge.right : edge.left, right.names));
    }
    // Keys that are columns become one: the right one is not needed.
    const bool merges = columns == join.left_on.size();
    join.options.coalesce = merges;
    if (join.left_on.empty()) join.options.kind = JoinKind::Cross;
    for (size_t i = 0; merges && i < columns; ++i) {
      const std::string &kept = join.left_on[i].name(), &gone = join.right_on[i].name();
      for (auto& [from, to] : names) to = to == gone ? kept : to;
      names.insert_or_assign(gone, kept);
    }
    auto schema = join_columns(left.node->schema, right.node->schema, join.left_on, join.right_on, join.options);
    if (!schema) return {};
    return {make_node(std::move(join), {std::move(left.node), std::move(right.node)}, std::move(schema->schema)), std::move(names)};
  }

  PlanNodePointer chosen(PlanNodePointer node, const Renaming& names, const Schema& wanted) const {
    if (node->schema == wanted) return node;
    std::vector<Expression> columns;
    for (const Field& field : wanted.fields()) {
      const Expression column = renamed(Expression::column(field.name), names);
      columns.push_back(column.name() == field.name ? column : column.alias(field.name));
    }
    return make_node(PlanNode::Project{std::move(columns)}, {std::move(node)}, wanted);
  }

  Cardinality& cardinality_;
  std::vector<PlanNodePointer> relations_;
  std::vector<Half> halves_;
  Conditions conditions_, last_;
  std::map<std::string, size_t, std::less<>> owners_;
  Schema schema_;
  std::vector<std::vector<std::string>> classes_;
  std::vector<Edge> edges_;
  std::vector<Residual> residuals_;
  JoinGraph graph_;
  JoinTree tree_;
};

bool reads_order(const Expression& expression) {
  const auto* aggregate = std::get_if<Expression::Aggregate>(&expression.kind());
  using enum AggregateOperator;
  if (aggregate != nullptr && (aggregate->op == First || aggregate->op == Last || aggregate->op == Implode)) return true;
  return std::ranges::any_of(expression.inputs(), reads_order);
}

/// Whether the order of an input's rows shows in what the node gives, if that of its own rows is observed or not.
bool observes(const PlanNode& node, bool is_observed) {
  if (const auto* group_by = std::get_if<PlanNode::GroupBy>(&node.kind)) {
    return std::ranges::any_of(group_by->expressions, reads_order) || (is_observed && !group_by->keys.empty());
  }
  const bool counts_rows = std::holds_alternative<PlanNode::Slice>(node.kind) || std::holds_alternative<PlanNode::RowIndex>(node.kind);
  const auto* sort = std::get_if<PlanNode::Sort>(&node.kind);
  const auto* unique = std::get_if<PlanNode::Unique>(&node.kind);
  const bool keeps_some = (unique != nullptr && unique->keep != Keep::Any) || (sort != nullptr && sort->limit != UINT64_MAX);
  return is_observed || counts_rows || keeps_some || is_of_all_rows(node);
}

PlanNodePointer reordered(const PlanNodePointer& node, bool is_observed, Cardinality& cardinality);

PlanNodePointer below(const PlanNodePointer& node, bool is_observed, Cardinality& cardinality) {
  if (node->inputs.empty()) return node;
  std::vector<PlanNodePointer> inputs;
  for (const PlanNodePointer& input : node->inputs) inputs.push_back(reordered(input, observes(*node, is_observed), cardinality));
  return with_inputs(*node, std::move(inputs));
}

bool begins_cluster(const PlanNode& node) {
  if (std::holds_alternative<PlanNode::Join>(node.kind)) return true;
  return std::holds_alternative<PlanNode::Filter>(node.kind) && !is_of_all_rows(node) && begins_cluster(node.input());
}

PlanNodePointer reordered(const PlanNodePointer& node, bool is_observed, Cardinality& cardinality) {
  if (std::holds_alternative<PlanNode::AnyOrder>(node->kind)) return reordered(node->inputs[0], false, cardinality);
  if (is_observed || !begins_cluster(*node)) return below(node, is_observed, cardinality);
  Cluster cluster(cardinality);
  cluster.add(node, [&](const PlanNodePointer& input) {
    // What begins a cluster is one of its own only if it was not taken apart here.
    return below(input, false, cardinality);
  });
  if (cluster.size() < 2 || cluster.size() > kMostJoined) return below(node, is_observed, cardinality);
  PlanNodePointer made = cluster.ordered(node->schema);
  return made != nullptr ? made : below(node, is_observed, cardinality);
}

}  // namespace

PlanNodePointer order_joins(const PlanNodePointer& node) {
  Cardinality cardinality;
  return reordered(node, true, cardinality);
}

}  // namespace headrace::frame
