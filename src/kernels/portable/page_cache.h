#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/float16.h"
#include "kernels/portable/int8_page.h"

// What attention needs of a page format: a query in the form that keys are met in, scores of
// positions of one page, and the weighted sum of values. The formulas are docs/design/0001's.

namespace headrace::kernels::HEADRACE_PORTABLE {
namespace {

/// KvFormat::Float16.
struct HalfCache {
  const AttentionShape& shape;
  const AttentionRun& run;
  uint32_t kv_head;

  using Query = const float*;
  Query query(const float* values) const { return values; }

  /// q·k of positions [first, last) of one page, times the shape's scale.
  void score(Query query, uint32_t first, uint32_t last, float* scores) const {
    const uint16_t* keys = head_of_page(first, kv_head) + first % kPageTokens;
    const uint32_t count = last - first;
    for (uint32_t i = 0; i < count; ++i) scores[i] = 0;
    for (uint32_t d = 0; d < shape.head_dim; ++d) {
      for (uint32_t i = 0; i < count; ++i) {
        scores[i] = __builtin_fmaf(query[d], half_to_float(keys[d * kPageTokens + i]), scores[i]);
      }
    }
    for (uint32_t i = 0; i < count; ++i) scores[i] *= shape.scale;
  }

  /// out = Σ weights · values over positions [first, last) of one split.
  void weigh(const float* weights, uint32_t first, uint32_t last, float* out) const {
    for (uint32_t d = 0; d < shape.head_dim; ++d) out[d] = 0;
    for (uint32_t t = first; t < last; ++t) {
      const uint16_t* values = head_of_page(t, shape.kv_heads + kv_head) + t % kPageTokens * shape.head_dim;
      for (uint32_t d = 0; d < shape.head_dim; ++d) {
        out[d] = __builtin_fmaf(weights[t - first], half_to_float(values[d]), out[d]);
      }
    }
  }

 private:
  const uint16_t* head_of_page(uint32_t position, uint32_t head) const {
    const std::byte* page = run.pages_base + run.pages[position / kPageTokens] * run.page_stride;
    return reinterpret_cast<const uint16_t*>(page) + size_t{head} * shape.head_dim * kPageTokens;
  }
};

/// Turns each hadamard_width(head_dim) values by a Hadamard matrix, which is its own inverse but for
/// a factor of the width.
inline void turn_by_hadamard(float* values, uint32_t head_dim) {
  const uint32_t width = hadamard_width(head_dim);
  for (uint32_t step = 1; step < width; step *= 2) {
    for (uint32_t d = 0; d < head_dim; ++d) {
      if ((d & step) != 0) continue;
      const float a = values[d];
      const float b = values[d + step];
      values[d] = a + b;
      values[d + step] = a - b;
    }
  }
}

/// A value as 16-bit steps.
inline int16_t int16_step(float value, float inverse) {
  const float rounded = std::rint(value * inverse);
  return std::fabs(rounded) <= kInt16Steps ? static_cast<int16_t>(rounded) : int16_t{0};
}

inline float inverse_of_steps(float largest) {
  return largest > kSmallestInt16Magnitude ? kInt16Steps / largest : 0.0f;
}

/// KvFormat::Int8.
struct Int8Cache {
  const AttentionShape& shape;
  const AttentionRun& run;
  uint32_t kv_head;

  struct Query {
    int16_t values[kMostHeadDim];
    float factor;  ///< of a dot product, but for the key's scale
  };
  Query query(const float* values) const {
    Query query;
    float turned[kMostHeadDim];
    std::copy_n(values, shape.head_dim, turned);
    turn_by_hadamard(turned, shape.head_dim);
    float largest = 0;
    for (uint32_t d = 0; d < shape.head_dim; ++d) {
      if (std::fabs(turned[d]) > largest) largest = std::fabs(turned[d]);
    }
    const float inverse = inverse_of_steps(largest);
    for (uint32_t d = 0; d < shape.head_dim; ++d) query.values[d] = int16_step(turned[d], inverse);
    query.factor = largest / kInt16Steps * (shape.scale / static_cast<float>(hadamard_width(shape.head_dim)));
    return query;
  }

  void score(const Query& query, uint32_t first, uint32_t last, float* scores) const {
    const Int8Head head = int8_head(shape, run, first, kv_head);
    for (uint32_t t = first; t < last; ++t) {
      const uint32_t token = t % kPageTokens;
      int32_t dot = 0;
      for (uint32_t d = 0; d < shape.head_dim; ++d) dot += query.values[d] * head.key(token, d);
      scores[t - first] = static_cast<float>(dot) * (head.key_scales()[token] * query.factor);
    }
  }

  void weigh(const float* weights, uint32_t first, uint32_t last, float* out) const {
    float scaled[kAttentionSplit];
    float largest = 0;
    for (uint32_t t = first; t < last; ++t) {
      const float scale = int8_head(shape, run, t, kv_head).value_scales()[t % kPageTokens];
      scaled[t - first] = weights[t - first] > 0 ? weights[t - first] * scale : 0.0f;
      largest = std::max(largest, scaled[t - first]);
    }
    const float inverse = inverse_of_steps(largest);
    int32_t sums[kMostHeadDim] = {};
    for (uint32_t t = first; t < last; ++t) {
      const Int8Head head = int8_head(shape, run, t, kv_head);
      const int32_t weight = int16_step(scaled[t - first], inverse);
      for (uint32_t d = 0; d < shape.head_dim; ++d) sums[d] += weight * head.value(t % kPageTokens, d);
    }
    const float step = largest / kInt16Steps;
    for (uint32_t d = 0; d < shape.head_dim; ++d) out[d] = static_cast<float>(sums[d]) * step;
  }
};

}  // namespace
}  // namespace headrace::kernels::HEADRACE_PORTABLE
