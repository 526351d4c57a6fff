#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "gguf_writer.h"
#include "kernels/float16.h"
#include "kernels/kernel_table.h"

namespace headrace::model {

/// ggml's number of a weight type.
inline uint32_t type_code(kernels::WeightType type) {
  using enum kernels::WeightType;
  switch (type) {
    case F32: return 0;
    case F16: return 1;
    case Q4_0: return 2;
    case Q4_1: return 3;
    case Q5_0: return 6;
    case Q5_1: return 7;
    case Q8_0: return 8;
    case Q2_K: return 10;
    case Q3_K: return 11;
    case Q4_K: return 12;
    case Q5_K: return 13;
    case Q6_K: return 14;
    case Q8_K: return 15;
    case IQ4_NL: return 20;
    case IQ4_XS: return 23;
    case BF16: return 30;
    case TQ1_0: return 34;
    case TQ2_0: return 35;
    case MXFP4: return 39;
  }
  return UINT32_MAX;
}

/// Random weights in any type's layout: random bits with scales of a sensible size.
class RandomWeights {
 public:
  explicit RandomWeights(uint32_t seed) : random_(seed) {}

  std::string matrix(kernels::WeightType type, uint64_t outputs, uint64_t inputs) {
    const kernels::WeightTypeInfo& info = kernels::info(type);
    const float size = 1.5f / std::sqrt(static_cast<float>(inputs));
    std::string data;
    for (uint64_t i = 0; i < outputs * inputs / info.block_width; ++i) data += block(type, info.block_bytes, size);
    return data;
  }
  std::string vector(uint64_t count, float around) {
    std::string data;
    for (uint64_t i = 0; i < count; ++i) data += GgufWriter::raw(around + 0.1f * normal());
    return data;
  }

 private:
  float normal() { return std::normal_distribution<float>()(random_); }
  static std::string half(float value) { return GgufWriter::raw(kernels::float_to_half(value)); }
  std::string bytes(size_t count) {
    std::string data(count, '\0');
    for (char& byte : data) byte = static_cast<char>(random_());
    return data;
  }
  std::string block(kernels::WeightType type, size_t size_bytes, float size) {
    using enum kernels::WeightType;
    const float wide = size * (1 + 0.2f * normal());
    switch (type) {
      case F32: return GgufWriter::raw(size * normal());
      case F16: return half(size * normal());
      case BF16: return GgufWriter::raw(static_cast<uint16_t>(std::bit_cast<uint32_t>(size * normal()) >> 16));
      case Q4_0: return half(wide / 4) + bytes(size_bytes - 2);
      case Q5_0: return half(wide / 8) + bytes(size_bytes - 2);
      case Q8_0: return half(wide / 64) + bytes(size_bytes - 2);
      case Q4_1: return half(wide / 4) + half(-1.9f * wide) + bytes(size_bytes - 4);
      case Q5_1: return half(wide / 8) + half(-1.9f * wide) + bytes(size_bytes - 4);
      case Q4_K: return half(wide / 128) + half(wide / 16) + bytes(size_bytes - 4);
      case Q5_K: return half(wide / 256) + half(wide / 16) + bytes(size_bytes - 4);
      case Q6_K: return bytes(size_bytes - 2) + half(wide / 2048);
      case Q2_K: return bytes(size_bytes - 4) + half(wide / 16) + half(wide / 11);
      case Q3_K: return bytes(size_bytes - 2) + half(wide / 42);
      case Q8_K: return GgufWriter::raw(wide / 64) + bytes(size_bytes - 4);
      case IQ4_NL: return half(wide / 64) + bytes(size_bytes - 2);
      case IQ4_XS: return half(wide / 1200) + bytes(size_bytes - 2);
      case MXFP4: return std::string(1, static_cast<char>(std::lround(std::log2(std::fabs(wide)) + 125.5f))) + bytes(size_bytes - 1);
      case TQ1_0: case TQ2_0: return bytes(size_bytes - 2) + half(wide);
    }
    return {};
  }

  std::mt19937 random_;
};

/// What a tiny model is made of.
struct TinyModel {
  std::string architecture = "llama";
  uint32_t layers = 2, hidden = 64, heads = 4, kv_heads = 2, head_dim = 16, feed_forward = 96, window = 0;
  kernels::WeightType embedding = kernels::WeightType::F16;
  kernels::WeightType head = kernels::WeightType::F16;
  kernels::WeightType attention = kernels::WeightType::Q4_0;
  kernels::WeightType gate = kernels::WeightType::Q4_0;
  kernels::WeightType up = kernels::WeightType::Q4_0;
  kernels::WeightType down = kernels::WeightType::Q8_0;
  bool tied = true, biases = false;
  float final_soft_cap = 0;
};

inline constexpr uint32_t kTinyVocabulary = 301;

/// The 256 byte letters of a byte-level vocabulary, two merges, and control tokens.
inline void write_tiny_tokenizer(GgufWriter& writer) {
  std::vector<std::string> tokens;
  const auto letter = [](uint32_t code) {
    if (code < 0x80) return std::string(1, static_cast<char>(code));
    return std::string{static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
  };
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    tokens.push_back(letter(itself ? byte : next++));
  }
  tokens.insert(tokens.end(), {"he", "ll", "<|endoftext|>", "<|im_start|>", "<|im_end|>"});
  std::vector<int32_t> kinds(tokens.size(), 1);
  for (size_t i = tokens.size() - 3; i < tokens.size(); ++i) kinds[i] = 3;
  while (tokens.size() < kTinyVocabulary) {
    tokens.push_back("<unused" + std::to_string(tokens.size()) + ">");
    kinds.push_back(5);
  }
  writer.string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", "gpt-2").strings("tokenizer.ggml.tokens", tokens);
  writer.array<int32_t>("tokenizer.ggml.token_type", GgufWriter::I32, kinds);
  writer.strings("tokenizer.ggml.merges", {"h e", "l l"});
  writer.u32("tokenizer.ggml.bos_token_id", 259).u32("tokenizer.ggml.eos_token_id", 258);
}

inline void write_tiny_metadata(GgufWriter& writer, const TinyModel& tiny) {
  const std::string& name = tiny.architecture;
  writer.string("general.architecture", name).string("general.name", "tiny");
  writer.u32(name + ".block_count", tiny.layers).u32(name + ".embedding_length", tiny.hidden);
  writer.u32(name + ".feed_forward_length", tiny.feed_forward).u32(name + ".attention.head_count", tiny.heads);
  writer.u32(name + ".attention.head_count_kv", tiny.kv_heads).u32(name + ".context_length", 2048);
  writer.u32(name + ".attention.key_length", tiny.head_dim).u32(name + ".attention.value_length", tiny.head_dim);
  writer.f32(name + ".attention.layer_norm_rms_epsilon", 1e-5f).f32(name + ".rope.freq_base", 10000.0f);
  if (tiny.window != 0) writer.u32(name + ".attention.sliding_window", tiny.window);
  if (tiny.final_soft_cap != 0) writer.f32(name + ".final_logit_softcapping", tiny.final_soft_cap);
}

inline void write_tiny_layer(GgufWriter& writer, const TinyModel& tiny, RandomWeights& random, uint32_t layer) {
  const std::string name = "blk." + std::to_string(layer) + ".";
  const uint64_t queries = uint64_t{tiny.heads} * tiny.head_dim;
  const uint64_t keys = uint64_t{tiny.kv_heads} * tiny.head_dim;
  const auto matrix = [&](const char* part, kernels::WeightType type, uint64_t outputs, uint64_t inputs) {
    writer.tensor(name + part + ".weight", {outputs, inputs}, type_code(type), random.matrix(type, outputs, inputs));
  };
  const auto vector = [&](const std::string& part, uint64_t count, float around) {
    writer.tensor(name + part, {count}, 0, random.vector(count, around));
  };
  vector("attn_norm.weight", tiny.hidden, 1);
  matrix("attn_q", tiny.attention, queries, tiny.hidden);
  matrix("attn_k", tiny.attention, keys, tiny.hidden);
  matrix("attn_v", tiny.attention, keys, tiny.hidden);
  matrix("attn_output", tiny.attention, tiny.hidden, queries);
  if (tiny.biases) {
    vector("attn_q.bias", queries, 0);
    vector("attn_k.bias", keys, 0);
    vector("attn_v.bias", keys, 0);
  }
  if (tiny.architecture == "gemma3") {
    for (const char* part : {"attn_q_norm.weight", "attn_k_norm.weight"}) vector(part, tiny.head_dim, 1);
    for (const char* part : {"post_attention_norm.weight", "post_ffw_norm.weight"}) vector(part, tiny.hidden, 1);
  }
  vector("ffn_norm.weight", tiny.hidden, 1);
  matrix("ffn_gate", tiny.gate, tiny.feed_forward, tiny.hidden);
  matrix("ffn_up", tiny.up, tiny.feed_forward, tiny.hidden);
  matrix("ffn_down", tiny.down, tiny.hidden, tiny.feed_forward);
}

/// A whole model, the same for the same settings.
inline GgufWriter tiny_gguf(const TinyModel& tiny, uint32_t seed = 1) {
  GgufWriter writer;
  RandomWeights random(seed);
  write_tiny_metadata(writer, tiny);
  write_tiny_tokenizer(writer);
  writer.tensor("token_embd.weight", {kTinyVocabulary, tiny.hidden}, type_code(tiny.embedding),
                random.matrix(tiny.embedding, kTinyVocabulary, tiny.hidden));
  for (uint32_t layer = 0; layer < tiny.layers; ++layer) write_tiny_layer(writer, tiny, random, layer);
  writer.tensor("output_norm.weight", {tiny.hidden}, 0, random.vector(tiny.hidden, 1));
  if (!tiny.tied) {
    writer.tensor("output.weight", {kTinyVocabulary, tiny.hidden}, type_code(tiny.head),
                  random.matrix(tiny.head, kTinyVocabulary, tiny.hidden));
  }
  return writer;
}

/// Models that between them take every path of the executor.
inline std::vector<std::pair<std::string, TinyModel>> tiny_models() {
  using enum kernels::WeightType;
  TinyModel llama;
  TinyModel k_types{.hidden = 256, .heads = 4, .kv_heads = 2, .head_dim = 64, .feed_forward = 512,
                    .embedding = Q6_K, .head = Q5_K, .attention = Q4_K, .gate = Q4_K, .up = Q5_K, .down = Q6_K,
                    .tied = false, .biases = true};
  TinyModel wide_heads{.hidden = 64, .heads = 3, .kv_heads = 1, .head_dim = 32, .feed_forward = 160, .window = 24,
                       .embedding = Q8_0, .attention = Q4_1, .gate = Q4_1, .up = Q5_1, .down = Q4_1};
  TinyModel gemma{.architecture = "gemma3", .layers = 7, .hidden = 64, .heads = 2, .kv_heads = 1, .head_dim = 32,
                  .feed_forward = 96, .window = 20, .embedding = Q8_0, .attention = Q5_0, .gate = Q5_0, .up = Q5_0,
                  .down = Q5_1, .final_soft_cap = 30};
  TinyModel floats{.embedding = F32, .attention = BF16, .gate = F16, .up = F16, .down = F32};
  TinyModel small_types = k_types;
  small_types.embedding = Q8_K, small_types.head = Q2_K, small_types.attention = Q3_K;
  small_types.gate = Q2_K, small_types.up = IQ4_XS, small_types.down = Q3_K;
  TinyModel tables = k_types;
  tables.embedding = MXFP4, tables.head = TQ1_0, tables.attention = IQ4_NL;
  tables.gate = MXFP4, tables.up = TQ2_0, tables.down = TQ1_0;
  return {{"llama", llama}, {"llama of K types", k_types}, {"llama with a window", wide_heads}, {"gemma3", gemma},
          {"llama of floats", floats}, {"llama of small K types", small_types}, {"llama of tables and ternary types", tables}};
}

}  // namespace headrace::model
