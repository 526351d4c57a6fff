#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernel_table.h"
#include "model/sampling.h"

namespace headrace::model {

/// Whether nothing but the arg max of the logits as they are is asked for.
bool wants_arg_max_only(const SampleInput& input);

/// Picks tokens from rows of logits, in the order that SamplingParameters documents.
/// The same input gives the same token on every machine: sums run in one order,
/// candidates are ordered by (probability down, id up), and no C library function
/// takes part. One sampler a thread; it grows to the vocabulary's size on first use.
///
/// Repetition penalty: a positive logit is divided by it, a negative one multiplied,
/// for tokens of prompt and output. Presence and frequency: OpenAI's definition,
/// logit −= presence · [count > 0] + frequency · count, over the output.
class Sampler {
 public:
  explicit Sampler(const kernels::KernelTable& kernels) : kernels_(kernels) {}

  /// Picks a token from `logits`, which are left as they are.
  void sample(std::span<const float> logits, const SampleInput& input, SampleOutput& output);

  /// Fills in the raw logprob of `token` and the `top` most likely.
  void report(std::span<const float> logits, text::TokenId token, uint32_t top, SampleOutput& output);

 private:
  struct Candidate {
    float value;  // a logit, or a weight e^(logit − maximum)
    text::TokenId id;
  };
  enum class Kept : uint8_t { All, Candidates };

  void edit(std::span<const float> logits, const SampleInput& input);
  text::TokenId draw(const SampleInput& input);
  Kept keep_top_k(uint32_t k);
  Kept keep_typical(Kept kept, float mass);
  Kept keep_top_p(Kept kept, float mass);
  text::TokenId pick(Kept kept, float min_p, double uniform);
  text::TokenId pick_candidate(float min_p, double uniform) const;
  text::TokenId pick_of_all(float min_p, double uniform);
  void largest(std::span<const float> values, uint32_t count);
  void weigh_all();
  void sum_blocks(float least);
  double total(Kept kept);

  const kernels::KernelTable& kernels_;
  std::vector<float> values_;       // logits after bias, penalties, mask and temperature
  std::vector<float> weights_;      // e^(value − maximum)
  std::vector<double> block_sums_;  // of weights_, block by block
  std::vector<Candidate> candidates_;  // best first
  float maximum_ = 0;
  bool weighed_ = false;
};

}  // namespace headrace::model
