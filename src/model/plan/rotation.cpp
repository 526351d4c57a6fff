#include "model/plan/rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "kernels/math.h"

namespace headrace::model {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

/// The pair (as a real number) that turns `turns` times within `context` positions.
double pair_that_turns(double turns, double context, double base, uint32_t head_dim) {
  return head_dim * kernels::exact_log(context / (turns * kTwoPi)) / (2 * kernels::exact_log(base));
}

void apply_yarn(Rotation& rotation, uint32_t head_dim, double base, const RotationScaling& scaling) {
  const double last = head_dim - 1;
  const double low = std::max(0.0, std::floor(pair_that_turns(scaling.beta_fast, scaling.original_context, base, head_dim)));
  const double high = std::min(last, std::ceil(pair_that_turns(scaling.beta_slow, scaling.original_context, base, head_dim)));
  for (size_t i = 0; i < rotation.frequencies.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
    const double kept = rotation.frequencies[i];
    rotation.frequencies[i] = kept / scaling.factor * ramp + kept * (1 - ramp);
  }
  rotation.magnitude = scaling.attention_factor * (1 + 0.1 * kernels::exact_log(scaling.factor));
}

void apply_llama3(Rotation& rotation, const RotationScaling& scaling) {
  for (double& frequency : rotation.frequencies) {
    const double turns = scaling.original_context * frequency / kTwoPi;
    if (turns > scaling.high_frequency) continue;
    const double smooth = (turns - scaling.low_frequency) / (scaling.high_frequency - scaling.low_frequency);
    const double kept = turns < scaling.low_frequency ? 0.0 : smooth;
    frequency = (1 - kept) * frequency / scaling.factor + kept * frequency;
  }
}

/// Divides each frequency by the file's factor for it.
void apply_file_factors(PlanBuilder& builder, Rotation& rotation) {
  const auto count = static_cast<uint32_t>(rotation.frequencies.size());
  const VectorIndex index = builder.vector_if_present("rope_freqs.weight", count);
  if (index == kNone) return;
  const GgufTensor& tensor = *builder.plan().vectors[index].tensor;
  if (tensor.type != kernels::WeightType::F32) return builder.refuse(ErrorKind::Unsupported, "\"rope_freqs.weight\" must be F32");
  std::vector<float> factors(count);
  const auto read = builder.file().file().read_at(tensor.offset, std::as_writable_bytes(std::span(factors)));
  if (!read) return builder.refuse(read.error().kind, read.error().message);
  for (uint32_t i = 0; i < count; ++i) {
    if (!(factors[i] > 0 && factors[i] < 1e9f)) {
      return builder.refuse(ErrorKind::InvalidData, fmt::format("\"rope_freqs.weight\" has the factor {} for pair {}", factors[i], i));
    }
    rotation.frequencies[i] /= static_cast<double>(factors[i]);
  }
}

}  // namespace

Rotation make_rotation(uint32_t head_dim, double base, kernels::RopePairing pairing, const RotationScaling& scaling) {
  Rotation rotation;
  rotation.pairing = pairing;
  for (uint32_t i = 0; i < head_dim / 2; ++i) {
    rotation.frequencies.push_back(kernels::exact_pow(base, -2.0 * i / head_dim));
  }
  switch (scaling.kind) {
    case RotationScaling::Kind::None: break;
    case RotationScaling::Kind::Linear:
      for (double& frequency : rotation.frequencies) frequency /= scaling.factor;
      break;
    case RotationScaling::Kind::Yarn: apply_yarn(rotation, head_dim, base, scaling); break;
    case RotationScaling::Kind::Llama3: apply_llama3(rotation, scaling); break;
  }
  return rotation;
}

RotationScaling read_rotation_scaling(PlanBuilder& builder) {
  RotationScaling scaling;
  const std::string type = builder.string_or("rope.scaling.type", builder.has("rope.scale_linear") ? "linear" : "none");
  scaling.factor = builder.number_or("rope.scaling.factor", builder.number_or("rope.scale_linear", 1));
  if (type == "none" || type == "" || scaling.factor == 1) return scaling;
  if (!(scaling.factor > 0 && scaling.factor < 1e6)) {
    builder.refuse(ErrorKind::InvalidData, fmt::format("a rotary scaling by {} makes no sense", scaling.factor));
    return {};
  }
  if (type == "linear") {
    scaling.kind = RotationScaling::Kind::Linear;
    return scaling;
  }
  if (type != "yarn" && type != "llama3") {
    builder.refuse(ErrorKind::Unsupported, fmt::format("rotary scaling of the type \"{}\" is not supported", type));
    return {};
  }
  scaling.kind = type == "yarn" ? RotationScaling::Kind::Yarn : RotationScaling::Kind::Llama3;
  scaling.original_context = builder.number_or("rope.scaling.original_context_length", builder.plan().context_length / scaling.factor);
  scaling.attention_factor = builder.number_or("rope.scaling.attn_factor", builder.number_or("rope.scaling.yarn_attn_factor", 1));
  scaling.beta_fast = builder.number_or("rope.scaling.yarn_beta_fast", 32);
  scaling.beta_slow = builder.number_or("rope.scaling.yarn_beta_slow", 1);
  scaling.low_frequency = builder.number_or("rope.scaling.low_freq_factor", 1);
  scaling.high_frequency = builder.number_or("rope.scaling.high_freq_factor", 4);
  if (!(scaling.original_context >= 1 && scaling.beta_fast > 0 && scaling.beta_slow > 0 &&
        scaling.high_frequency > scaling.low_frequency)) {
    builder.refuse(ErrorKind::InvalidData, "the settings of the rotary scaling (rope.scaling.*) make no sense");
    return {};
  }
  return scaling;
}

Rotation read_rotation(PlanBuilder& builder, uint32_t head_dim, double base, kernels::RopePairing pairing) {
  const uint32_t turned = builder.integer_or("rope.dimension_count", head_dim, 1, UINT32_MAX);
  if (turned != head_dim) {
    builder.refuse(ErrorKind::Unsupported, fmt::format("turning {} of a head's {} values is not supported", turned, head_dim));
  }
  if (!(base > 1 && base < 1e12)) {
    builder.refuse(ErrorKind::InvalidData, fmt::format("a rotary base of {} makes no sense", base));
    base = 10000;
  }
  Rotation rotation = make_rotation(head_dim, base, pairing, read_rotation_scaling(builder));
  apply_file_factors(builder, rotation);
  return rotation;
}

}  // namespace headrace::model
