#include "model/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/math.h"
#include "model/sampling/philox.h"

namespace headrace::model {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

bool edits(const SampleInput& input) {
  const SamplingParameters& p = *input.parameters;
  const bool penalties = p.repetition_penalty != 1 || p.presence_penalty != 0 || p.frequency_penalty != 0;
  return !p.logit_bias.empty() || (penalties && !input.counts.empty()) || !input.allowed_mask.empty();
}

constexpr size_t kBlock = 512;  // weights whose sum is kept, so that a draw reads one block and not the row

/// The sum of those weights that are `least` or more, on 8 lanes joined by one tree. NaN counts as 0.
double sum_of(std::span<const float> weights, float least) {
  double lanes[8] = {};
  size_t i = 0;
  for (; i + 8 <= weights.size(); i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) {
      const float weight = weights[i + lane];
      lanes[lane] += weight >= least ? static_cast<double>(weight) : 0.0;
    }
  }
  for (; i < weights.size(); ++i) lanes[i % 8] += weights[i] >= least ? static_cast<double>(weights[i]) : 0.0;
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

}  // namespace

bool wants_arg_max_only(const SampleInput& input) {
  return input.parameters->temperature <= 0 && !edits(input) && !input.logprob && input.top_logprobs == 0;
}

void Sampler::sample(std::span<const float> logits, const SampleInput& input, SampleOutput& output) {
  const auto count = static_cast<uint32_t>(logits.size());
  if (input.parameters->temperature <= 0 && !edits(input)) {
    output.id = kernels_.argmax(logits.data(), count);
  } else {
    edit(logits, input);
    const bool greedy = input.parameters->temperature <= 0;
    output.id = greedy ? kernels_.argmax(values_.data(), count) : draw(input);
  }
  if (input.logprob || input.top_logprobs > 0) report(logits, output.id, input.top_logprobs, output);
}

void Sampler::report(std::span<const float> logits, text::TokenId token, uint32_t top, SampleOutput& output) {
  const auto count = static_cast<uint32_t>(logits.size());
  weights_.resize(count);
  const float maximum = logits[kernels_.argmax(logits.data(), count)];
  const float sum = kernels_.exp_sum(logits.data(), maximum, count, weights_.data());
  const double normaliser = static_cast<double>(maximum) + kernels::exact_log(static_cast<double>(sum));
  const auto logprob = [&](text::TokenId id) { return static_cast<float>(static_cast<double>(logits[id]) - normaliser); };
  output.id = token;
  output.logprob = token < count ? logprob(token) : kNever;
  output.top.clear();
  if (top == 0) return;
  largest(logits, top);
  for (const Candidate& candidate : candidates_) output.top.push_back({candidate.id, logprob(candidate.id)});
}

/// values_ = logits after bias, penalties and mask.
void Sampler::edit(std::span<const float> logits, const SampleInput& input) {
  values_.assign(logits.begin(), logits.end());
  const SamplingParameters& p = *input.parameters;
  for (const auto& [id, bias] : p.logit_bias) {
    if (id < values_.size()) values_[id] += bias;
  }
  for (const TokenCount& token : input.counts) {
    if (token.id >= values_.size()) continue;
    float& value = values_[token.id];
    if (token.in_prompt + token.in_output > 0 && p.repetition_penalty != 1) {
      value = value > 0 ? value / p.repetition_penalty : value * p.repetition_penalty;
    }
    if (token.in_output > 0) value -= p.presence_penalty;
    value -= p.frequency_penalty * static_cast<float>(token.in_output);
  }
  if (input.allowed_mask.empty()) return;
  for (size_t i = 0; i < values_.size(); ++i) {
    const size_t word = i / 32;
    const bool allowed = word < input.allowed_mask.size() && ((input.allowed_mask[word] >> (i % 32)) & 1u) != 0;
    if (!allowed) values_[i] = kNever;
  }
}

text::TokenId Sampler::draw(const SampleInput& input) {
  const SamplingParameters& p = *input.parameters;
  const auto count = static_cast<uint32_t>(values_.size());
  const text::TokenId best = kernels_.argmax(values_.data(), count);
  // Beyond this the arg max has all the weight, and an infinite one would poison the sum.
  if (!(values_[best] > kNever) || !(values_[best] < -kNever)) return best;
  kernels_.scale(1.0f / std::max(p.temperature, 1e-6f), count, values_.data());
  maximum_ = values_[best];
  weighed_ = false;
  Kept kept = keep_top_k(p.top_k);
  kept = keep_typical(kept, p.typical_p);
  kept = keep_top_p(kept, p.top_p);
  if (kept == Kept::All) weigh_all();
  return pick(kept, p.min_p, philox_uniform(input.seed, input.choice, input.position));
}

void Sampler::weigh_all() {
  if (weighed_) return;
  weights_.resize(values_.size());
  kernels_.exp_sum(values_.data(), maximum_, static_cast<uint32_t>(values_.size()), weights_.data());
  weighed_ = true;
}

/// The weight of what is kept.
double Sampler::total(Kept kept) {
  double sum = 0;
  if (kept == Kept::Candidates) {
    for (const Candidate& candidate : candidates_) sum += static_cast<double>(candidate.value);
    return sum;
  }
  sum_blocks(0);
  for (const double block : block_sums_) sum += block;
  return sum;
}

void Sampler::sum_blocks(float least) {
  block_sums_.clear();
  const std::span<const float> weights(weights_);
  for (size_t first = 0; first < weights.size(); first += kBlock) {
    block_sums_.push_back(sum_of(weights.subspan(first, std::min(kBlock, weights.size() - first)), least));
  }
}

/// candidates_ = the `count` largest of `values`, best first. A heap of that many is kept
/// while the row is read once; most values are turned away by one comparison.
void Sampler::largest(std::span<const float> values, uint32_t count) {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.value > b.value || (a.value == b.value && a.id < b.id);
  };
  count = static_cast<uint32_t>(std::min<size_t>(count, values.size()));
  candidates_.clear();
  for (text::TokenId id = 0; id < values.size(); ++id) {
    const Candidate candidate{values[id], id};
    if (candidates_.size() < count) {
      if (!(candidate.value > kNever)) continue;  // neither masked nor NaN
      candidates_.push_back(candidate);
      std::ranges::push_heap(candidates_, better);
    } else if (candidate.value > candidates_.front().value) {
      std::ranges::pop_heap(candidates_, better);
      candidates_.back() = candidate;
      std::ranges::push_heap(candidates_, better);
    }
  }
  std::ranges::sort(candidates_, better);
}

Sampler::Kept Sampler::keep_top_k(uint32_t k) {
  if (k == 0 || k >= values_.size()) return Kept::All;
  largest(values_, k);
  for (Candidate& candidate : candidates_) candidate.value = kernels::exact_expf(candidate.value - maximum_);
  return Kept::Candidates;
}

/// Keeps the tokens whose information −log p is nearest to the entropy, until they hold
/// `mass` of the probability (Meister et al., arXiv 2202.00666).
Sampler::Kept Sampler::keep_typical(Kept kept, float mass) {
  if (!(mass < 1)) return kept;
  if (kept == Kept::All) {
    weigh_all();
    candidates_.clear();
    for (text::TokenId id = 0; id < weights_.size(); ++id) {
      if (weights_[id] > 0) candidates_.push_back({weights_[id], id});
    }
  }
  const double sum = total(Kept::Candidates);
  const double log_sum = kernels::exact_log(sum);
  // −log p of a candidate, from its value before the exponential.
  const auto information = [&](const Candidate& candidate) {
    return log_sum - static_cast<double>(values_[candidate.id] - maximum_);
  };
  double entropy = 0;
  for (const Candidate& candidate : candidates_) entropy += static_cast<double>(candidate.value) / sum * information(candidate);
  const auto nearer = [&](const Candidate& a, const Candidate& b) {
    const double x = std::fabs(information(a) - entropy);
    const double y = std::fabs(information(b) - entropy);
    return x < y || (x == y && a.id < b.id);
  };
  std::ranges::sort(candidates_, nearer);
  double held = 0;
  size_t keep = 0;
  while (keep < candidates_.size() && (keep == 0 || held < static_cast<double>(mass) * sum)) {
    held += static_cast<double>(candidates_[keep++].value);
  }
  candidates_.resize(keep);
  std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
    return a.value > b.value || (a.value == b.value && a.id < b.id);
  });
  return Kept::Candidates;
}

/// Keeps the most likely tokens until they hold `mass` of the probability. Of a whole
/// vocabulary only the tokens within a distance of the best are sorted; the distance
/// grows until they hold enough.
Sampler::Kept Sampler::keep_top_p(Kept kept, float mass) {
  if (!(mass < 1)) return kept;
  if (kept == Kept::All) weigh_all();
  const double goal = static_cast<double>(mass) * total(kept);
  for (float least = 0x1p-6f; kept == Kept::All; least *= 0x1p-8f) {
    candidates_.clear();
    double held = 0;
    const bool everything = least < 0x1p-120f;
    for (text::TokenId id = 0; id < weights_.size(); ++id) {
      if (!(weights_[id] > (everything ? 0 : least))) continue;
      candidates_.push_back({weights_[id], id});
      held += static_cast<double>(weights_[id]);
    }
    if (held < goal && !everything) continue;
    std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
      return a.value > b.value || (a.value == b.value && a.id < b.id);
    });
    kept = Kept::Candidates;
  }
  double held = 0;
  size_t keep = 0;
  while (keep < candidates_.size() && (keep == 0 || held < goal)) held += static_cast<double>(candidates_[keep++].value);
  candidates_.resize(keep);
  return Kept::Candidates;
}

/// Drops what is less likely than min_p times the best and draws from the rest.
text::TokenId Sampler::pick(Kept kept, float min_p, double uniform) {
  return kept == Kept::Candidates ? pick_candidate(min_p, uniform) : pick_of_all(min_p, uniform);
}

text::TokenId Sampler::pick_candidate(float min_p, double uniform) const {
  const float least = min_p * candidates_.front().value;
  double sum = 0;
  for (const Candidate& candidate : candidates_) sum += candidate.value >= least ? static_cast<double>(candidate.value) : 0;
  double left = uniform * sum;
  text::TokenId last = candidates_.front().id;
  for (const Candidate& candidate : candidates_) {
    if (candidate.value < least || candidate.value <= 0) continue;
    last = candidate.id;
    left -= static_cast<double>(candidate.value);
    if (left < 0) break;
  }
  return last;
}

/// In order of id: first the block, then the token in it.
text::TokenId Sampler::pick_of_all(float min_p, double uniform) {
  sum_blocks(min_p);  // the best weighs 1
  double left = 0;
  for (const double block : block_sums_) left += block;
  left *= uniform;
  size_t chosen = 0;
  for (size_t block = 0; block < block_sums_.size(); ++block) {
    if (!(block_sums_[block] > 0)) continue;
    chosen = block;
    if (left < block_sums_[block]) break;
    left -= block_sums_[block];
  }
  const size_t end = std::min(weights_.size(), (chosen + 1) * kBlock);
  auto last = static_cast<text::TokenId>(chosen * kBlock);
  for (size_t id = chosen * kBlock; id < end; ++id) {
    if (!(weights_[id] >= min_p && weights_[id] > 0)) continue;
    last = static_cast<text::TokenId>(id);
    left -= static_cast<double>(weights_[id]);
    if (left < 0) break;
  }
  return last;
}

}  // namespace headrace::model
