#include "text/components/models/lattice.h"

#include <algorithm>
#include <cmath>
#include <queue>

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// log(exp(a) + exp(b)).
double log_sum(double a, double b) {
  constexpr double kNegligible = 50;
  const double low = a > b ? b : a, high = a > b ? a : b;
  if (high > low + kNegligible) return high;
  return high + std::log(std::exp(low - high) + 1.0);
}

}  // namespace

uint32_t Lattice::character_length(uint32_t at) const {
  return std::min<uint32_t>(utf8::length_by_lead(text_[at]), static_cast<uint32_t>(text_.size()) - at);
}

void Lattice::clear(std::string_view text) {
  text_ = text;
  nodes_.clear();
}

void Lattice::add(const Node& node) { nodes_.push_back(node); }

void Lattice::finish() {
  const size_t places = text_.size() + 1;
  begin_starts_.assign(places + 1, 0);
  end_starts_.assign(places + 1, 0);
  for (const Node& node : nodes_) {
    ++begin_starts_[node.begin + 1];
    ++end_starts_[node.end + 1];
  }
  for (size_t at = 0; at < places; ++at) {
    begin_starts_[at + 1] += begin_starts_[at];
    end_starts_[at + 1] += end_starts_[at];
  }
  by_end_.resize(nodes_.size());
  std::vector<uint32_t> next(end_starts_.begin(), end_starts_.end());
  for (uint32_t n = 0; n < nodes_.size(); ++n) by_end_[next[nodes_[n].end]++] = n;
}

/// Fills best_before_ and best_score_. A place that no path reaches has no node before it.
void Lattice::backtrace() {
  const auto size = static_cast<uint32_t>(text_.size());
  best_before_.assign(size + 1, kNone);
  best_score_.assign(size + 1, 0);
  for (uint32_t at = 1; at <= size; ++at) {
    for (const uint32_t n : ending(at)) {
      const Node& node = nodes_[n];
      if (node.begin > 0 && best_before_[node.begin] == kNone) continue;
      const double score = best_score_[node.begin] + node.score;
      if (best_before_[at] != kNone && !(score > best_score_[at])) continue;
      best_before_[at] = n;
      best_score_[at] = score;
    }
  }
}

Lattice::Path Lattice::best() {
  backtrace();
  Path path;
  for (auto at = static_cast<uint32_t>(text_.size()); at > 0;) {
    const uint32_t n = best_before_[at];
    if (n == kNone) return {};
    path.push_back(n);
    at = nodes_[n].begin;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

/// Best-first from the end; what a partial path can still gain is known exactly.
std::vector<std::pair<Lattice::Path, double>> Lattice::best(size_t count) {
  struct Step {
    uint32_t node;   // kNone: the end of the text
    uint32_t after;  // the step to the right, or kNone
    double so_far;   // score of this node and all to the right
  };
  struct Open {
    double whole;  // the best score of a path that ends in this step
    uint32_t step;
    bool operator<(const Open& other) const { return whole != other.whole ? whole < other.whole : step > other.step; }
  };
  constexpr size_t kMostOpen = 100'000, kFewOpen = 512;
  std::vector<std::pair<Path, double>> found;
  if (count == 0 || text_.empty()) return found;
  backtrace();
  const auto size = static_cast<uint32_t>(text_.size());
  if (best_before_[size] == kNone) return found;
  std::vector<Step> steps{{kNone, kNone, 0}};
  std::priority_queue<Open> open;
  open.push({best_score_[size], 0});
  while (!open.empty()) {
    const Open top = open.top();
    open.pop();
    const Step step = steps[top.step];
    const uint32_t begin = step.node == kNone ? size : nodes_[step.node].begin;
    if (begin == 0) {
      Path path;
      for (uint32_t s = top.step; steps[s].node != kNone; s = steps[s].after) path.push_back(steps[s].node);
      found.emplace_back(std::move(path), step.so_far);
      if (found.size() == count) return found;
      continue;
    }
    for (const uint32_t n : ending(begin)) {
      if (nodes_[n].begin > 0 && best_before_[nodes_[n].begin] == kNone) continue;
      const double so_far = nodes_[n].score + step.so_far;
      steps.push_back({n, top.step, so_far});
      open.push({best_score_[nodes_[n].begin] + so_far, static_cast<uint32_t>(steps.size() - 1)});
    }
    if (open.size() <= kMostOpen) continue;
    std::priority_queue<Open> fewer;  // long texts have too many paths: only the best go on
    for (size_t i = 0; i < std::min(kFewOpen, count * 10); ++i, open.pop()) fewer.push(open.top());
    open = std::move(fewer);
  }
  return found;
}

Lattice::Path Lattice::sample(double theta, RandomStream& random) {
  const auto size = static_cast<uint32_t>(text_.size());
  alpha_.assign(size + 1, 0);
  backtrace();
  if (size == 0 || best_before_[size] == kNone) return {};
  const auto reached = [&](const Node& node) { return node.begin == 0 || best_before_[node.begin] != kNone; };
  for (uint32_t at = 1; at <= size; ++at) {
    bool first = true;
    for (const uint32_t n : ending(at)) {
      const Node& node = nodes_[n];
      if (!reached(node)) continue;
      const double weight = theta * (node.score + alpha_[node.begin]);
      alpha_[at] = first ? weight : log_sum(alpha_[at], weight);
      first = false;
    }
  }
  Path path;
  std::vector<double> weights;
  for (uint32_t at = size; at > 0;) {
    const auto candidates = ending(at);
    weights.clear();
    double total = 0;
    for (const uint32_t n : candidates) {
      const Node& node = nodes_[n];
      total += reached(node) ? std::exp(alpha_[node.begin] + theta * node.score - alpha_[at]) : 0;
      weights.push_back(total);
    }
    const double drawn = random.real() * total;
    const auto chosen = std::min<size_t>(static_cast<size_t>(std::upper_bound(weights.begin(), weights.end(), drawn) - weights.begin()),
                                         candidates.size() - 1);
    path.push_back(candidates[chosen]);
    at = nodes_[path.back()].begin;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

double Lattice::add_expected(double frequency, std::vector<double>& expected) {
  const auto size = static_cast<uint32_t>(text_.size());
  alpha_.assign(size + 1, 0);
  beta_.assign(size + 1, 0);
  for (uint32_t at = 1; at <= size; ++at) {
    bool first = true;
    for (const uint32_t n : ending(at)) {
      const double weight = nodes_[n].score + alpha_[nodes_[n].begin];
      alpha_[at] = first ? weight : log_sum(alpha_[at], weight);
      first = false;
    }
  }
  for (uint32_t at = size; at-- > 0;) {
    bool first = true;
    for (const Node& node : beginning(at)) {
      const double weight = node.score + beta_[node.end];
      beta_[at] = first ? weight : log_sum(beta_[at], weight);
      first = false;
    }
  }
  const double whole = alpha_[size];
  for (const Node& node : nodes_) {
    expected[node.id] += frequency * std::exp(alpha_[node.begin] + node.score + beta_[node.end] - whole);
  }
  return frequency * whole;
}

}  // namespace headrace::text
