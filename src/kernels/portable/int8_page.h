#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

// The layout of KvFormat::Int8 pages, for every tier. Always inlined: see float16.h.

namespace headrace::kernels {

/// Queries and the weights of values are rounded to so many steps of 16 bits.
inline constexpr float kInt16Steps = 32767.0f;
/// Below this magnitude a step's inverse would overflow; values that small count as 0.
inline constexpr float kSmallestInt16Magnitude = 0x1p-110f;

/// Queries, keys and values are turned by Hadamard matrices of so many dims, one after the other: the
/// largest power of two that divides head_dim.
[[gnu::always_inline]] inline uint32_t hadamard_width(uint32_t head_dim) { return head_dim & (~head_dim + 1); }

/// What a page holds of one key-value head, turned: keys [head_dim / 2][kPageTokens][2] (two neighbouring
/// dims of a token are neighbours), values [kPageTokens / 2][head_dim][2] (two neighbouring tokens
/// of a dim are), then a float scale for each token's key and for each token's value.
struct Int8Head {
  std::byte* base;
  uint32_t head_dim;

  [[gnu::always_inline]] static size_t bytes(uint32_t head_dim) {
    return size_t{2} * head_dim * kPageTokens + 2 * kPageTokens * sizeof(float);
  }
  [[gnu::always_inline]] int8_t* keys() const { return reinterpret_cast<int8_t*>(base); }
  [[gnu::always_inline]] int8_t* values() const { return keys() + size_t{head_dim} * kPageTokens; }
  [[gnu::always_inline]] float* key_scales() const {
    return reinterpret_cast<float*>(base + size_t{2} * head_dim * kPageTokens);
  }
  [[gnu::always_inline]] float* value_scales() const { return key_scales() + kPageTokens; }

  [[gnu::always_inline]] int8_t& key(uint32_t token, uint32_t d) const {
    return keys()[(size_t{d / 2} * kPageTokens + token) * 2 + d % 2];
  }
  [[gnu::always_inline]] int8_t& value(uint32_t token, uint32_t d) const {
    return values()[(size_t{token / 2} * head_dim + d) * 2 + token % 2];
  }
};

/// Head `kv_head` of the page that holds `position`.
[[gnu::always_inline]] inline Int8Head int8_head(const AttentionShape& shape, const AttentionRun& run, uint32_t position,
                                                 uint32_t kv_head) {
  std::byte* page = run.pages_base + run.pages[position / kPageTokens] * run.page_stride;
  return {page + kv_head * Int8Head::bytes(shape.head_dim), shape.head_dim};
}

}  // namespace headrace::kernels
