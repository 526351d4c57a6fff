#pragma once

#include "model/plan/plan_builder.h"

namespace headrace::model {

/// How a model's rotary positions were stretched beyond the length that it was first trained for.
struct RotationScaling {
  enum class Kind : uint8_t { None, Linear, Yarn, Llama3 };
  Kind kind = Kind::None;
  double factor = 1;             ///< of the context's length
  double original_context = 0;   ///< length that was trained first (Yarn, Llama3)
  double attention_factor = 1;   ///< Yarn: multiplies the magnitude
  double beta_fast = 32;         ///< Yarn: pairs that turn more often stay as they are
  double beta_slow = 1;          ///< Yarn: pairs that turn less often are interpolated
  double low_frequency = 1;      ///< Llama3: the same two bounds
  double high_frequency = 4;
};

/// frequency_i = base^(−2i / head_dim), scaled. Only exact arithmetic: the same bits on every machine.
/// Linear: ÷ factor. Yarn (arXiv 2309.00071): interpolated, extrapolated or between the two by how
/// often a pair turns within the original context; magnitude attention_factor · (1 + 0.1 ln factor).
/// Llama3: by wavelength, as Llama 3.1 describes.
Rotation make_rotation(uint32_t head_dim, double base, kernels::RopePairing pairing, const RotationScaling& scaling = {});

/// The rotation that "ARCHITECTURE.rope.*" describes, with the factors of "rope_freqs.weight" where
/// the file has them.
Rotation read_rotation(PlanBuilder& builder, uint32_t head_dim, double base, kernels::RopePairing pairing);

/// The scaling part of it.
RotationScaling read_rotation_scaling(PlanBuilder& builder);

}  // namespace headrace::model
