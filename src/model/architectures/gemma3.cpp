// Gemma 3 (text): scaled embeddings, norms before and after each part, normalised
// queries and keys, five layers with a sliding window for each that sees everything.
// The +1 of Gemma's norm weights is already in the file.

#include <cmath>

#include "model/architectures/architectures.h"
#include "model/plan/plan_builder.h"
#include "model/plan/rotation.h"

namespace headrace::model {
namespace {

constexpr uint32_t kGlobalEvery = 6;

/// Whether layer i sees only a window: the file's word where it has one.
bool is_local(const PlanBuilder& builder, uint32_t i) {
  const GgufValue* pattern = builder.value("attention.sliding_window_pattern");
  if (pattern != nullptr) {
    if (const auto* every = std::get_if<uint64_t>(pattern)) return *every != 0 && (i + 1) % *every != 0;
    const auto* array = std::get_if<GgufArray>(pattern);
    const auto* flags = array ? std::get_if<std::vector<bool>>(&array->items) : nullptr;
    if (flags != nullptr && i < flags->size()) return (*flags)[i];
  }
  return (i + 1) % kGlobalEvery != 0;
}

/// 1/√head_dim, but for the 27B model, whose queries are scaled by its hidden size.
double attention_scale(PlanBuilder& builder, const TransformerShape& shape) {
  const double width = shape.layers == 62 ? static_cast<double>(shape.hidden) / shape.heads : shape.head_dim;
  return builder.number_or("attention.scale", 1.0 / std::sqrt(width));
}

struct LayerKind {
  kernels::AttentionShape heads;
  RotationIndex rotation = kNone;
};

void layer(PlanBuilder& builder, const TransformerShape& shape, const LayerKind& kind, uint32_t i) {
  const uint32_t queries = shape.heads * shape.head_dim;
  const uint32_t keys = shape.kv_heads * shape.head_dim;
  const auto name = [&](std::string_view part) { return layer_tensor(i, part); };
  // The first norm of a layer adds what the layer before it left in the branch.
  const VectorIndex before = i == 0 ? kNone : builder.vector(layer_tensor(i - 1, "post_ffw_norm.weight"), shape.hidden);
  builder.step(Norm{.branch_weight = before,
                    .weight = builder.vector(name("attn_norm.weight"), shape.hidden),
                    .epsilon = shape.epsilon});
  builder.step(Project{.matrices = {builder.matrix(name("attn_q.weight"), queries, shape.hidden),
                                    builder.matrix(name("attn_k.weight"), keys, shape.hidden),
                                    builder.matrix(name("attn_v.weight"), keys, shape.hidden)}});
  const uint32_t index = builder.attention_layer(kind.heads);
  builder.step(Store{.layer = index,
                     .query_norm = builder.vector(name("attn_q_norm.weight"), shape.head_dim),
                     .key_norm = builder.vector(name("attn_k_norm.weight"), shape.head_dim),
                     .epsilon = shape.epsilon,
                     .rotation = kind.rotation});
  builder.step(Attend{.layer = index});
  builder.step(Output{.matrix = builder.matrix(name("attn_output.weight"), shape.hidden, queries),
                      .input = Output::Input::Attended,
                      .target = Output::Target::Branch});
  builder.step(Norm{.branch_weight = builder.vector(name("post_attention_norm.weight"), shape.hidden),
                    .weight = builder.vector(name("ffn_norm.weight"), shape.hidden),
                    .epsilon = shape.epsilon});
  builder.step(Gate{.gate = builder.matrix(name("ffn_gate.weight"), shape.feed_forward, shape.hidden),
                    .up = builder.matrix(name("ffn_up.weight"), shape.feed_forward, shape.hidden),
                    .activation = Gate::Activation::Gelu});
  builder.step(Output{.matrix = builder.matrix(name("ffn_down.weight"), shape.hidden, shape.feed_forward),
                      .input = Output::Input::Gated,
                      .target = Output::Target::Branch});
}

}  // namespace

Result<Plan> emit_gemma3(const Gguf& file) {
  PlanBuilder builder(file);
  const TransformerShape shape = builder.transformer_shape();
  LayerKind global;
  global.heads = {.query_heads = shape.heads,
                  .kv_heads = shape.kv_heads,
                  .head_dim = shape.head_dim,
                  .scale = static_cast<float>(attention_scale(builder, shape)),
                  .soft_cap = static_cast<float>(builder.number_or("attn_logit_softcapping", 0))};
  global.rotation = builder.rotation(read_rotation(builder, shape.head_dim, builder.number_or("rope.freq_base", 1e6),
                                                   kernels::RopePairing::Halves));
  LayerKind local = global;
  local.heads.window = builder.integer_or("attention.sliding_window", 1024, 1, UINT32_MAX);
  local.rotation = builder.rotation(make_rotation(
      shape.head_dim, builder.number_or("rope.freq_base_swa", 10000), kernels::RopePairing::Halves));

  builder.plan().vocabulary = builder.outputs_of("token_embd.weight");
  const MatrixIndex embedding = builder.matrix("token_embd.weight", builder.plan().vocabulary, shape.hidden);
  builder.step(Embed{.table = embedding, .factor = std::sqrt(static_cast<float>(shape.hidden))});
  for (uint32_t i = 0; i < shape.layers && builder.ok(); ++i) layer(builder, shape, is_local(builder, i) ? local : global, i);
  const MatrixIndex head = builder.matrix_if_present("output.weight", builder.plan().vocabulary, shape.hidden);
  builder.step(Head{.branch_weight = builder.vector(layer_tensor(shape.layers - 1, "post_ffw_norm.weight"), shape.hidden),
                    .weight = builder.vector("output_norm.weight", shape.hidden),
                    .epsilon = shape.epsilon,
                    .matrix = head == kNone ? embedding : head,
                    .soft_cap = static_cast<float>(builder.number_or("final_logit_softcapping", 0))});
  return builder.finish();
}

}  // namespace headrace::model
