// Llama 1–3, SmolLM2, Mistral 7B and what else is written as "llama": pre-norms, grouped
// heads, rotary positions, a gated feed-forward part.

#include <cmath>

#include "model/architectures/architectures.h"
#include "model/plan/plan_builder.h"
#include "model/plan/rotation.h"

namespace headrace::model {
namespace {

void attention(PlanBuilder& builder, const TransformerShape& shape, const kernels::AttentionShape& heads, uint32_t i,
               RotationIndex rotation) {
  const uint32_t queries = shape.heads * shape.head_dim;
  const uint32_t keys = shape.kv_heads * shape.head_dim;
  const auto name = [&](std::string_view part) { return layer_tensor(i, part); };
  builder.step(Norm{.weight = builder.vector(name("attn_norm.weight"), shape.hidden), .epsilon = shape.epsilon});
  builder.step(Project{.matrices = {builder.matrix(name("attn_q.weight"), queries, shape.hidden),
                                    builder.matrix(name("attn_k.weight"), keys, shape.hidden),
                                    builder.matrix(name("attn_v.weight"), keys, shape.hidden)},
                       .biases = {builder.vector_if_present(name("attn_q.bias"), queries),
                                  builder.vector_if_present(name("attn_k.bias"), keys),
                                  builder.vector_if_present(name("attn_v.bias"), keys)}});
  const uint32_t layer = builder.attention_layer(heads);
  builder.step(Store{.layer = layer, .epsilon = shape.epsilon, .rotation = rotation});
  builder.step(Attend{.layer = layer});
  builder.step(Output{.matrix = builder.matrix(name("attn_output.weight"), shape.hidden, queries),
                      .bias = builder.vector_if_present(name("attn_output.bias"), shape.hidden),
                      .input = Output::Input::Attended});
}

void feed_forward(PlanBuilder& builder, const TransformerShape& shape, uint32_t i) {
  const auto name = [&](std::string_view part) { return layer_tensor(i, part); };
  builder.step(Norm{.weight = builder.vector(name("ffn_norm.weight"), shape.hidden), .epsilon = shape.epsilon});
  builder.step(Gate{.gate = builder.matrix(name("ffn_gate.weight"), shape.feed_forward, shape.hidden),
                    .up = builder.matrix(name("ffn_up.weight"), shape.feed_forward, shape.hidden),
                    .activation = Gate::Activation::Silu});
  builder.step(Output{.matrix = builder.matrix(name("ffn_down.weight"), shape.hidden, shape.feed_forward),
                      .input = Output::Input::Gated});
}

}  // namespace

Result<Plan> emit_llama(const Gguf& file) {
  PlanBuilder builder(file);
  if (builder.integer_or("expert_count", 0, 0, UINT32_MAX) != 0) {
    builder.refuse(ErrorKind::Unsupported, "mixtures of experts are not supported");
  }
  const TransformerShape shape = builder.transformer_shape();
  const kernels::AttentionShape heads{
      .query_heads = shape.heads,
      .kv_heads = shape.kv_heads,
      .head_dim = shape.head_dim,
      .scale = static_cast<float>(builder.number_or("attention.scale", 1.0 / std::sqrt(static_cast<double>(shape.head_dim)))),
      .window = builder.integer_or("attention.sliding_window", 0, 0, UINT32_MAX)};
  // Converters lay the rows of query and key weights so that neighbours turn together.
  const RotationIndex rotation = builder.rotation(read_rotation(
      builder, shape.head_dim, builder.number_or("rope.freq_base", 10000), kernels::RopePairing::Neighbours));

  builder.plan().vocabulary = builder.outputs_of("token_embd.weight");
  const MatrixIndex embedding = builder.matrix("token_embd.weight", builder.plan().vocabulary, shape.hidden);
  builder.step(Embed{.table = embedding});
  for (uint32_t i = 0; i < shape.layers && builder.ok(); ++i) {
    attention(builder, shape, heads, i, rotation);
    feed_forward(builder, shape, i);
  }
  const MatrixIndex head = builder.matrix_if_present("output.weight", builder.plan().vocabulary, shape.hidden);
  builder.step(Head{.weight = builder.vector("output_norm.weight", shape.hidden),
                    .epsilon = shape.epsilon,
                    .matrix = head == kNone ? embedding : head});
  return builder.finish();
}

}  // namespace headrace::model
