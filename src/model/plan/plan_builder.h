#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/plan.h"

namespace headrace::model {

/// The figures that transformers of one family share, as their metadata gives them.
struct TransformerShape {
  uint32_t layers = 0;
  uint32_t hidden = 0;
  uint32_t feed_forward = 0;
  uint32_t heads = 0;
  uint32_t kv_heads = 0;
  uint32_t head_dim = 0;
  uint32_t context_length = 0;
  float epsilon = 0;
};

/// What an architecture writes its plan with: looks up metadata and tensors, checks
/// them, and collects steps. The first thing that is wrong is kept and returned by
/// `finish`; until then look-ups go on with harmless values.
class PlanBuilder {
 public:
  explicit PlanBuilder(const Gguf& file);

  /// "block_count" → the value of "llama.block_count", within [least, most].
  uint32_t integer(std::string_view key, uint64_t least, uint64_t most);
  uint32_t integer_or(std::string_view key, uint64_t fallback, uint64_t least, uint64_t most);
  double number_or(std::string_view key, double fallback);
  std::string string_or(std::string_view key, std::string fallback);
  bool has(std::string_view key) const;
  const GgufValue* value(std::string_view key) const;
  TransformerShape transformer_shape();
  /// Refuses a file for what this architecture cannot do.
  void refuse(ErrorKind kind, std::string message);

  /// A matrix that must be there, of exactly this shape.
  MatrixIndex matrix(std::string_view tensor, uint32_t outputs, uint32_t inputs);
  /// The same, or kNone where the file has no such tensor.
  MatrixIndex matrix_if_present(std::string_view tensor, uint32_t outputs, uint32_t inputs);
  VectorIndex vector(std::string_view tensor, uint32_t count);
  VectorIndex vector_if_present(std::string_view tensor, uint32_t count);
  /// Outputs of a matrix whose height only the file knows (the vocabulary).
  uint32_t outputs_of(std::string_view tensor);

  RotationIndex rotation(Rotation rotation);
  /// Adds a layer of keys and values and returns its index.
  uint32_t attention_layer(const kernels::AttentionShape& shape);
  void step(PlanStep step);

  /// Nothing was found wrong so far.
  bool ok() const { return !error_; }
  const Gguf& file() const { return file_; }
  Plan& plan() { return plan_; }
  Result<Plan> finish();

 private:
  const GgufTensor* tensor(std::string_view name, std::vector<uint64_t> shape);
  std::string full_key(std::string_view key) const;
  template <class T>
  T keep(Result<T> result, T otherwise);

  const Gguf& file_;
  Plan plan_;
  std::vector<std::string> used_;
  std::optional<Error> error_;
};

/// "blk.3.attn_q.weight"
std::string layer_tensor(uint32_t layer, std::string_view name);

}  // namespace headrace::model
