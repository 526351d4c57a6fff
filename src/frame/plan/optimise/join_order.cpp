#include "frame/plan/optimise/join_order.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <utility>

namespace headrace::frame {
namespace {

using Set = JoinGraph::Set;

// What a row costs that looks up, that is kept, and that comes out.
constexpr double kProbe = 1, kBuild = 3, kResult = 1;

Set bit(size_t relation) { return Set{1} << relation; }

/// Dynamic programming over sets of relations: each is split in all ways into two that are joined.
class Search {
 public:
  explicit Search(const JoinGraph& graph)
      : graph_(graph), all_(bit(graph.relations.size()) - 1), rows_(all_ + 1, -1), costs_(all_ + 1, kNever) {
    tree_.steps.resize(all_ + 1);
  }

  JoinTree run() {
    for (size_t i = 0; i < graph_.relations.size(); ++i) {
      rows_[bit(i)] = graph_.relations[i].rows;
      costs_[bit(i)] = 0;
    }
    for (Set set = 1; set <= all_; ++set) {
      if (std::has_single_bit(set) || !is_valid(set)) continue;
      for (Set left = (set - 1) & set; left != 0; left = (left - 1) & set) consider(set, left);
    }
    return std::move(tree_);
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  bool is_half(size_t relation) const { return graph_.relations[relation].needs != 0; }

  /// Whether all semi joins in it have what they need.
  bool is_valid(Set set) const {
    for (size_t i = 0; i < graph_.relations.size(); ++i) {
      if ((set & bit(i)) != 0 && (graph_.relations[i].needs & ~set) != 0) return false;
    }
    return true;
  }

  void consider(Set set, Set left) {
    const Set right = set & ~left;
    if (costs_[left] == kNever || costs_[right] == kNever) return;
    if (std::has_single_bit(left) && is_half(static_cast<size_t>(std::countr_zero(left)))) return;
    const bool half = std::has_single_bit(right) && is_half(static_cast<size_t>(std::countr_zero(right)));
    if (!half && !std::has_single_bit(right) && !is_valid(right)) return;
    if (!std::has_single_bit(left) && !is_valid(left)) return;
    const double rows = rows_[set] >= 0 ? rows_[set] : rows_of(left, right, half);
    rows_[set] = rows;
    // Without anything in common every row is tried with every one.
    const bool is_cross = !half && !is_connected(left, right);
    const double pairs = is_cross ? rows_[left] * rows_[right] : 0;
    const double cost = costs_[left] + costs_[right] + kProbe * rows_[left] + kBuild * rows_[right] + kResult * rows + pairs;
    if (cost >= costs_[set]) return;
    costs_[set] = cost;
    tree_.steps[set] = {left, right};
  }

  bool is_connected(Set left, Set right) const {
    return std::ranges::any_of(graph_.classes, [&](const auto& each) { return in(each, left).first && in(each, right).first; });
  }

  /// The member of a class within the set that has the fewest different values.
  std::pair<const JoinGraph::Class::Member*, double> in(const JoinGraph::Class& one, Set set) const {
    const JoinGraph::Class::Member* least = nullptr;
    for (const auto& member : one.members) {
      if ((set & bit(member.relation)) != 0 && (least == nullptr || member.distinct < least->distinct)) least = &member;
    }
    return {least, least == nullptr ? 0 : std::max(1.0, std::min(least->distinct, rows_[set]))};
  }

  double rows_of(Set left, Set right, bool half) const {
    if (half) return rows_[left] * graph_.relations[static_cast<size_t>(std::countr_zero(right))].keeps;
    struct Keys {
      double selectivity = 1, of_left = 1, of_right = 1;
      size_t count = 0;
    };
    std::map<std::pair<size_t, size_t>, Keys> pairs;  // of relations
    for (const auto& one : graph_.classes) {
      const auto [first, first_distinct] = in(one, left);
      const auto [second, second_distinct] = in(one, right);
      if (first == nullptr || second == nullptr) continue;
      Keys& keys = pairs[{first->relation, second->relation}];
      keys.selectivity /= std::max(first_distinct, second_distinct);
      keys.of_left *= first->distinct;
      keys.of_right *= second->distinct;
      ++keys.count;
    }
    double selectivity = 1;
    for (const auto& [relations, keys] : pairs) {
      // Columns of one key do not stand in all combinations: there are no more of them than rows.
      const double of_left = std::min(keys.of_left, graph_.relations[relations.first].base_rows);
      const double of_right = std::min(keys.of_right, graph_.relations[relations.second].base_rows);
      selectivity *= keys.count > 1 ? std::max(keys.selectivity, 1 / std::min(of_left, of_right)) : keys.selectivity;
    }
    double rows = rows_[left] * rows_[right] * selectivity;
    for (const auto& condition : graph_.conditions) {
      const Set both = left | right;
      const bool applies = (condition.reads & ~both) == 0 && (condition.reads & ~left) != 0 && (condition.reads & ~right) != 0;
      if (applies) rows *= condition.selectivity;
    }
    return rows;
  }

  const JoinGraph& graph_;
  Set all_;
  std::vector<double> rows_, costs_;
  JoinTree tree_;
};

}  // namespace

JoinTree best_order(const JoinGraph& graph) { return Search(graph).run(); }

}  // namespace headrace::frame
