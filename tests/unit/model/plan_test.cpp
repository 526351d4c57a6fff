#include "model/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gguf_writer.h"
#include "tiny_model.h"

namespace headrace::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

template <class T>
size_t count(const Plan& plan) {
  return static_cast<size_t>(std::ranges::count_if(plan.steps, [](const PlanStep& step) { return std::holds_alternative<T>(step); }));
}

/// Calls `body` with the plan (or the error) of a file.
template <class Body>
void with_plan(const GgufWriter& writer, Body body) {
  const TemporaryFile file(writer.bytes());
  const auto gguf = Gguf::open(file.path());
  ASSERT_TRUE(gguf) << gguf.error().message;
  body(emit_plan(*gguf));
}

std::string error_of(const GgufWriter& writer) {
  std::string message;
  with_plan(writer, [&](const Result<Plan>& plan) { message = plan ? "no error" : plan.error().message; });
  return message;
}

/// Metadata only, so that what is wrong in it is met before any tensor.
std::string error_of_metadata(const TinyModel& tiny, const std::function<void(GgufWriter&)>& more = {}) {
  GgufWriter writer;
  write_tiny_metadata(writer, tiny);
  if (more) more(writer);
  return error_of(writer);
}

TEST(Plan, of_llama_embeds_passes_layers_and_ends_in_the_tied_head) {
  with_plan(tiny_gguf({}), [](const Result<Plan>& plan) {
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->steps.size(), 2u + 2 * 8);
    EXPECT_EQ(count<Norm>(*plan), 4u);
    EXPECT_EQ(count<Attend>(*plan), 2u);
    EXPECT_EQ(count<Output>(*plan), 4u);
    EXPECT_EQ(std::get<Head>(plan->steps.back()).matrix, std::get<Embed>(plan->steps.front()).table);
    EXPECT_EQ(plan->rotations.at(0).pairing, kernels::RopePairing::Neighbours);
    EXPECT_EQ(plan->vocabulary, kTinyVocabulary);
  });
}

TEST(Plan, of_gemma3_has_five_layers_with_a_window_for_each_without) {
  with_plan(tiny_gguf(tiny_models()[3].second), [](const Result<Plan>& plan) {
    ASSERT_TRUE(plan) << plan.error().message;
    std::vector<uint32_t> windows;
    for (const auto& layer : plan->layers) windows.push_back(layer.window);
    EXPECT_EQ(windows, (std::vector<uint32_t>{20, 20, 20, 20, 20, 0, 20}));
    EXPECT_FLOAT_EQ(std::get<Embed>(plan->steps.front()).factor, 8.0f);
    EXPECT_EQ(plan->rotations.size(), 2u);
    EXPECT_EQ(std::get<Head>(plan->steps.back()).soft_cap, 30.0f);
    EXPECT_NE(std::get<Head>(plan->steps.back()).branch_weight, kNone);
  });
}

TEST(Plan, refuses_unknown_architectures_by_name) {
  EXPECT_THAT(error_of_metadata({.architecture = "mamba"}), HasSubstr("\"mamba\""));
}

TEST(Plan, names_a_missing_tensor) {
  GgufWriter writer;
  write_tiny_metadata(writer, {});
  EXPECT_THAT(error_of(writer), AllOf(HasSubstr("token_embd.weight"), HasSubstr("missing")));
  TinyModel three_layers;
  writer = tiny_gguf(three_layers);
  writer.string("filler", "");
  TinyModel tiny;
  GgufWriter short_of;
  tiny.layers = 3;
  write_tiny_metadata(short_of, tiny);
  RandomWeights random(1);
  short_of.tensor("token_embd.weight", {kTinyVocabulary, tiny.hidden}, 1, random.matrix(kernels::WeightType::F16, kTinyVocabulary, tiny.hidden));
  for (uint32_t layer = 0; layer < 2; ++layer) write_tiny_layer(short_of, tiny, random, layer);
  EXPECT_THAT(error_of(short_of), AllOf(HasSubstr("blk.2.attn_norm.weight"), HasSubstr("missing")));
}

TEST(Plan, names_the_tensor_and_both_shapes_where_they_differ) {
  GgufWriter writer;
  TinyModel tiny;
  write_tiny_metadata(writer, tiny);
  RandomWeights random(1);
  writer.tensor("token_embd.weight", {100, 32}, 1, random.matrix(kernels::WeightType::F16, 100, 32));
  EXPECT_THAT(error_of(writer), AllOf(HasSubstr("token_embd.weight"), HasSubstr("[100, 32]"), HasSubstr("[100, 64]")));
}

TEST(Plan, names_types_that_it_cannot_compute_with) {
  GgufWriter writer;
  TinyModel tiny;
  tiny.hidden = 256;
  write_tiny_metadata(writer, tiny);
  writer.tensor("token_embd.weight", {2, 256}, 16, std::string(2 * 66, '\0'));
  EXPECT_THAT(error_of(writer), AllOf(HasSubstr("token_embd.weight"), HasSubstr("IQ2_XXS"), HasSubstr("Q8_K, IQ4_NL, IQ4_XS, MXFP4")));
}

TEST(Plan, refuses_hostile_figures_by_their_key) {
  EXPECT_THAT(error_of_metadata({.heads = 0}), HasSubstr("llama.attention.head_count"));
  EXPECT_THAT(error_of_metadata({.kv_heads = 0}), HasSubstr("llama.attention.head_count_kv"));
  EXPECT_THAT(error_of_metadata({.kv_heads = 3}), HasSubstr("cannot share"));
  EXPECT_THAT(error_of_metadata({.layers = 0}), HasSubstr("llama.block_count"));
  EXPECT_THAT(error_of_metadata({.layers = 4000000000u}), HasSubstr("llama.block_count"));
  EXPECT_THAT(error_of_metadata({.hidden = 0}), HasSubstr("llama.embedding_length"));
  EXPECT_THAT(error_of_metadata({.hidden = 4000000000u}), HasSubstr("llama.embedding_length"));
  EXPECT_THAT(error_of_metadata({.head_dim = 0}), HasSubstr("llama.attention.key_length"));
  EXPECT_THAT(error_of_metadata({.head_dim = 12}), HasSubstr("multiples of 8"));
  EXPECT_THAT(error_of_metadata({.head_dim = 1024}), HasSubstr("llama.attention.key_length"));
  EXPECT_THAT(error_of_metadata({.feed_forward = 0}), HasSubstr("llama.feed_forward_length"));
}

TEST(Plan, refuses_what_the_architecture_cannot_do) {
  EXPECT_THAT(error_of_metadata({}, [](GgufWriter& w) { w.u32("llama.expert_count", 8); }), HasSubstr("experts"));
  EXPECT_THAT(error_of_metadata({}, [](GgufWriter& w) { w.u32("llama.rope.dimension_count", 8); }), HasSubstr("turning 8"));
  EXPECT_THAT(error_of_metadata({}, [](GgufWriter& w) { w.string("llama.rope.scaling.type", "longrope").f32("llama.rope.scaling.factor", 4); }),
              HasSubstr("longrope"));
  EXPECT_THAT(error_of_metadata({}, [](GgufWriter& w) { w.string("llama.rope.scaling.type", "linear").f32("llama.rope.scaling.factor", -4); }),
              HasSubstr("-4"));
}

TEST(Plan, scales_rotations_as_the_metadata_says) {
  GgufWriter writer = tiny_gguf({});
  writer.string("llama.rope.scaling.type", "linear").f32("llama.rope.scaling.factor", 4);
  with_plan(writer, [](const Result<Plan>& plan) {
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->rotations.at(0).frequencies.at(0), 0.25);
  });
}

TEST(Plan, divides_frequencies_by_the_factors_of_the_file) {
  GgufWriter writer = tiny_gguf({});
  std::string factors;
  for (int i = 0; i < 8; ++i) factors += GgufWriter::raw(static_cast<float>(i + 1));
  writer.tensor("rope_freqs.weight", {8}, 0, factors);
  with_plan(writer, [](const Result<Plan>& plan) {
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->rotations.at(0).frequencies.at(0), 1.0);
    EXPECT_NEAR(plan->rotations.at(0).frequencies.at(1), std::pow(10000.0, -0.125) / 2, 1e-15);
  });
}

}  // namespace
}  // namespace headrace::model
