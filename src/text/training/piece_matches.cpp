#include "text/training/piece_matches.h"

#include <cmath>
#include <limits>
#include <utility>

namespace headrace::text {
namespace {

constexpr double kLowest = std::numeric_limits<double>::lowest();
constexpr double kSmall = 0x1p-330;
constexpr double kLarge = 0x1p330;
constexpr double kTooLarge = 0x1p500;
constexpr double kLogOfSmall = -228;

/// log(exp(a) + exp(b)).
double log_sum(double a, double b) {
  const double low = std::min(a, b), high = std::max(a, b);
  return high + std::log1p(std::exp(low - high));
}

bool has_single(const PieceMatch& head, const PieceMatch* matches) { return head.id > 0 && matches[0].length == head.length; }

}  // namespace

PieceScores::PieceScores(std::vector<double> of_ids, double of_unknown)
    : scores(std::move(of_ids)), unknown_score(of_unknown), unknown_probability(std::exp(of_unknown)) {
  probabilities.resize(scores.size());
  for (size_t id = 0; id < scores.size(); ++id) probabilities[id] = std::exp(scores[id]);
  // No probability is less than that of an unknown character, and no word has more pieces than characters.
  longest = static_cast<size_t>(kLogOfSmall / std::min(unknown_score, -1.0));
}

/// PERF: with probabilities themselves, not their logarithms. In long words those before a place become too small: then
/// they, and those of the places near it, are multiplied by kLarge, and `scales_` says how often that was.
void Divisions::add_expected(std::span<const PieceMatch> matches, size_t size, double frequency, std::span<double> expected) {
  places_.clear();
  for (uint32_t at = 0; at < matches.size(); at += matches[at].id + 1) places_.push_back(at);
  if (places_.size() <= of_->longest) {
    sum_before<false>(matches, size);
    add_between<false>(matches, size, frequency, expected);
  } else if (sum_before<true>(matches, size)) {
    add_between<true>(matches, size, frequency, expected);
  } else {
    add_expected_by_logarithms(matches, size, frequency, expected);
  }
}

/// Fills alpha_: what all divisions of what is before each place are worth. False if that has become too large.
template <bool kScaled>
bool Divisions::sum_before(std::span<const PieceMatch> matches, size_t size) {
  alpha_.assign(size + 1, 0);
  if (kScaled) scales_.assign(size + 1, 0);
  alpha_[0] = 1;
  size_t at = 0, furthest = 0;
  uint32_t scale = 0;
  double highest = 0;
  const auto rescale = [&] {
    while (alpha_[at] < kSmall) {
      for (size_t i = at; i <= furthest; ++i) highest = std::max(highest, alpha_[i] *= kLarge);
      ++scale;
    }
    scales_[at] = scale;
  };
  for (const uint32_t place : places_) {
    const PieceMatch head = matches[place];
    const PieceMatch* const found = matches.data() + place + 1;
    if (kScaled) rescale();
    const double before = alpha_[at];
    for (uint32_t i = 0; i < head.id; ++i) alpha_[at + found[i].length] += before * of_->probabilities[found[i].id];
    if (!has_single(head, found)) alpha_[at + head.length] += before * of_->unknown_probability;
    if (kScaled) furthest = std::max({furthest, at + head.length, head.id > 0 ? at + found[head.id - 1].length : 0});
    at += head.length;
  }
  if (kScaled) rescale();
  return highest < kTooLarge;
}

/// Goes back through the word, with beta_: what all divisions of what is behind each place are worth, over what those of all of
/// the word are.
template <bool kScaled>
void Divisions::add_between(std::span<const PieceMatch> matches, size_t size, double frequency, std::span<double> expected) {
  beta_.resize(size + 1);
  beta_[size] = frequency / alpha_[size];
  size_t at = size;
  for (size_t p = places_.size(); p-- > 0;) {
    const PieceMatch head = matches[places_[p]];
    const PieceMatch* const found = matches.data() + places_[p] + 1;
    at -= head.length;
    const double before = alpha_[at];
    double sum = 0;
    const auto take = [&](uint32_t id, double probability, uint32_t length) {
      double rest = probability * beta_[at + length];
      if (kScaled) {
        for (uint32_t i = scales_[at]; i < scales_[at + length]; ++i) rest *= kLarge;
      }
      expected[id] += before * rest;
      sum += rest;
    };
    for (uint32_t i = 0; i < head.id; ++i) take(found[i].id, of_->probabilities[found[i].id], found[i].length);
    if (!has_single(head, found)) take(0, of_->unknown_probability, head.length);
    beta_[at] = sum;
  }
}

void Divisions::add_expected_by_logarithms(std::span<const PieceMatch> matches, size_t size, double frequency, std::span<double> expected) {
  alpha_.assign(size + 1, kLowest);
  beta_.assign(size + 1, kLowest);
  const auto add = [](double& sum, double term) { sum = sum == kLowest ? term : log_sum(sum, term); };
  alpha_[0] = beta_[size] = 0;
  size_t at = 0;
  for (const uint32_t place : places_) {
    const PieceMatch head = matches[place];
    const PieceMatch* const found = matches.data() + place + 1;
    for (uint32_t i = 0; i < head.id; ++i) add(alpha_[at + found[i].length], alpha_[at] + of_->scores[found[i].id]);
    if (!has_single(head, found)) add(alpha_[at + head.length], alpha_[at] + of_->unknown_score);
    at += head.length;
  }
  const double whole = alpha_[size];
  for (size_t p = places_.size(); p-- > 0;) {
    const PieceMatch head = matches[places_[p]];
    const PieceMatch* const found = matches.data() + places_[p] + 1;
    at -= head.length;
    const auto take = [&](uint32_t id, double score, uint32_t length) {
      const double rest = score + beta_[at + length];
      expected[id] += frequency * std::exp(alpha_[at] + rest - whole);
      add(beta_[at], rest);
    };
    for (uint32_t i = 0; i < head.id; ++i) take(found[i].id, of_->scores[found[i].id], found[i].length);
    if (!has_single(head, found)) take(0, of_->unknown_score, head.length);
  }
}

std::span<const uint32_t> Divisions::best(std::span<const PieceMatch> matches, size_t size, uint32_t without_id) {
  steps_.assign(size + 1, {kLowest, 0, 0});
  steps_[0].score = 0;
  size_t at = 0;
  for (size_t place = 0; place < matches.size();) {
    const PieceMatch head = matches[place];
    const PieceMatch* const found = matches.data() + place + 1;
    const double before = steps_[at].score;
    const auto take = [&](uint32_t id, double score, uint32_t length) {
      Step& step = steps_[at + length];
      if (before > kLowest && before + score > step.score) step = {before + score, static_cast<uint32_t>(at), id};
    };
    for (uint32_t i = 0; i < head.id; ++i) {
      if (found[i].id != without_id) take(found[i].id, of_->scores[found[i].id], found[i].length);
    }
    if (!has_single(head, found)) take(0, of_->unknown_score, head.length);
    place += head.id + 1;
    at += head.length;
  }
  path_.clear();
  best_score_ = steps_[size].score;
  if (best_score_ == kLowest) return path_;
  for (size_t end = size; end > 0; end = steps_[end].begin) path_.push_back(steps_[end].id);
  return path_;
}

}  // namespace headrace::text
