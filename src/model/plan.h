#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "kernels/kernel_table.h"
#include "model/gguf.h"

namespace headrace::model {

/// What an architecture comes down to: the fused steps that a row of tokens passes,
/// front to back. Emitted once, when a model is loaded (architectures/), and only data:
/// a backend walks it, and nothing in it executes.
///
/// A backend keeps, for each row: the residual `stream` [hidden] and, where a model
/// normalises a branch before adding it, the `branch` [hidden]; queries, keys and values
/// of the current layer; and the activations that matrices read (`Normed`, `Attended`,
/// `Gated`), in the formats that their readers want.

using MatrixIndex = uint32_t;
using VectorIndex = uint32_t;
using RotationIndex = uint32_t;
inline constexpr uint32_t kNone = UINT32_MAX;  ///< an index that refers to nothing

/// A weight matrix of the file, `outputs` rows of `inputs` values.
struct PlanMatrix {
  const GgufTensor* tensor = nullptr;
  kernels::WeightType type = kernels::WeightType::F32;  ///< as it is kept: the file's, or what it is quantised to
  uint32_t outputs = 0;
  uint32_t inputs = 0;
};

/// A vector of the file (a norm's weight, a bias), as f32.
struct PlanVector {
  const GgufTensor* tensor = nullptr;
  uint32_t count = 0;
};

/// Rotary positions: pair i of a head turns by position · frequencies[i].
struct Rotation {
  std::vector<double> frequencies;  ///< [head_dim / 2], radians for each position
  double magnitude = 1;             ///< cosines and sines are multiplied by it
  kernels::RopePairing pairing = kernels::RopePairing::Halves;
};

/// The steps. Each names what it reads and writes.

/// stream = row of `table` for the token, times `factor`.
struct Embed {
  MatrixIndex table = kNone;
  float factor = 1;
};

/// If `branch_weight`: stream += norm(branch) · branch_weight. Then Normed = norm(stream) · weight.
struct Norm {
  VectorIndex branch_weight = kNone;
  VectorIndex weight = kNone;
  float epsilon = 0;
};

/// Queries, keys and values = matrices × Normed (+ bias).
struct Project {
  MatrixIndex matrices[3] = {kNone, kNone, kNone};
  VectorIndex biases[3] = {kNone, kNone, kNone};
};

/// Normalises queries and keys head by head (where there are weights), turns them, and
/// stores keys and values at the row's position in `layer`.
struct Store {
  uint32_t layer = 0;
  VectorIndex query_norm = kNone;
  VectorIndex key_norm = kNone;
  float epsilon = 0;
  RotationIndex rotation = kNone;
};

/// Attended = attention of the queries over the keys and values of `layer`.
struct Attend {
  uint32_t layer = 0;
};

/// stream += matrix × input (+ bias), or branch = that.
struct Output {
  enum class Input : uint8_t { Attended, Gated };
  enum class Target : uint8_t { Stream, Branch };
  MatrixIndex matrix = kNone;
  VectorIndex bias = kNone;
  Input input = Input::Attended;
  Target target = Target::Stream;
};

/// Gated = activation(gate × Normed) · (up × Normed).
struct Gate {
  enum class Activation : uint8_t { Silu, Gelu };
  MatrixIndex gate = kNone;
  MatrixIndex up = kNone;
  Activation activation = Activation::Silu;
};

/// Logits = matrix × norm(stream (+ norm(branch) · branch_weight)), for rows that are asked for.
struct Head {
  VectorIndex branch_weight = kNone;
  VectorIndex weight = kNone;
  float epsilon = 0;
  MatrixIndex matrix = kNone;
  float soft_cap = 0;  ///< l ← cap · tanh(l / cap) if > 0
};

using PlanStep = std::variant<Embed, Norm, Project, Store, Attend, Output, Gate, Head>;

struct Plan {
  std::string architecture;
  uint32_t hidden = 0;
  uint32_t feed_forward = 0;
  uint32_t vocabulary = 0;
  uint32_t context_length = 0;
  std::vector<PlanMatrix> matrices;
  std::vector<PlanVector> vectors;
  std::vector<Rotation> rotations;
  std::vector<kernels::AttentionShape> layers;  ///< by layer
  std::vector<PlanStep> steps;                  ///< Embed first, Head last
};

/// Emits the plan of the file's architecture; every tensor has been checked against the
/// hyperparameters. The plan refers to `file`'s tensors. Unsupported names an unknown
/// architecture; errors name the key or tensor, what was found and what is expected.
Result<Plan> emit_plan(const Gguf& file);

}  // namespace headrace::model
