#include <algorithm>

#include "kernels/float16.h"
#include "kernels/math.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels::HEADRACE_PORTABLE {
namespace {

/// One split's weights before the merge, or the running sums after it.
struct Softmax {
  float maximum;
  float sum;
  float* values;  // [head_dim]
};

/// The keys and values of one key-value head, found through the page table.
struct Cache {
  const AttentionShape& shape;
  const AttentionRun& run;
  uint32_t kv_head;

  const uint16_t* page(uint32_t position) const {
    return reinterpret_cast<const uint16_t*>(run.pages_base + run.pages[position / kPageTokens] * run.page_stride);
  }
  float key(uint32_t position, uint32_t d) const {
    const size_t row = size_t{kv_head} * shape.head_dim + d;
    return half_to_float(page(position)[row * kPageTokens + position % kPageTokens]);
  }
  float value(uint32_t position, uint32_t d) const {
    const size_t keys = size_t{shape.kv_heads} * shape.head_dim * kPageTokens;
    const size_t row = size_t{kv_head} * kPageTokens + position % kPageTokens;
    return half_to_float(page(position)[keys + row * shape.head_dim + d]);
  }
};

float score(const Cache& cache, const float* query, uint32_t position) {
  float sum = 0;
  for (uint32_t d = 0; d < cache.shape.head_dim; ++d) {
    sum = __builtin_fmaf(query[d], cache.key(position, d), sum);
  }
  sum *= cache.shape.scale;
  const float cap = cache.shape.soft_cap;
  return cap > 0 ? cap * exact_tanhf(sum / cap) : sum;
}

/// Positions [first, last) of one split.
void attend_split(const Cache& cache, const float* query, uint32_t first, uint32_t last, float* scores,
                  Softmax& out) {
  for (uint32_t t = first; t < last; ++t) scores[t - first] = score(cache, query, t);
  out.maximum = scores[0];
  for (uint32_t t = first; t < last; ++t) out.maximum = std::max(out.maximum, scores[t - first]);
  float lanes[kPageTokens] = {};
  for (uint32_t t = first; t < last; ++t) {
    scores[t - first] = exact_expf(scores[t - first] - out.maximum);
    lanes[t % kPageTokens] += scores[t - first];
  }
  for (uint32_t width = kPageTokens / 2; width > 0; width /= 2) {
    for (uint32_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  out.sum = lanes[0];
  for (uint32_t d = 0; d < cache.shape.head_dim; ++d) {
    float sum = 0;
    for (uint32_t t = first; t < last; ++t) sum = __builtin_fmaf(scores[t - first], cache.value(t, d), sum);
    out.values[d] = sum;
  }
}

void merge(const Softmax& split, uint32_t head_dim, Softmax& running) {
  const float maximum = std::max(running.maximum, split.maximum);
  const float keep = exact_expf(running.maximum - maximum);
  const float take = exact_expf(split.maximum - maximum);
  running.maximum = maximum;
  running.sum = __builtin_fmaf(running.sum, keep, split.sum * take);
  for (uint32_t d = 0; d < head_dim; ++d) {
    running.values[d] = __builtin_fmaf(running.values[d], keep, split.values[d] * take);
  }
}

void attend_one(const Cache& cache, const float* query, uint32_t position, float* scratch, float* out) {
  const AttentionShape& shape = cache.shape;
  const uint32_t last = position + 1;
  const uint32_t first = shape.window > 0 && last > shape.window ? last - shape.window : 0;
  float* scores = scratch;
  Softmax running{0, 0, out};
  Softmax split{0, 0, scratch + kAttentionSplit};
  for (uint32_t begin = first; begin < last;) {
    const uint32_t end = std::min(last, (begin / kAttentionSplit + 1) * kAttentionSplit);
    if (begin == first) {
      attend_split(cache, query, begin, end, scores, running);
    } else {
      attend_split(cache, query, begin, end, scores, split);
      merge(split, shape.head_dim, running);
    }
    begin = end;
  }
  for (uint32_t d = 0; d < shape.head_dim; ++d) out[d] = out[d] / running.sum;
}

}  // namespace

size_t page_bytes(const AttentionShape& shape) {
  return size_t{2} * shape.kv_heads * shape.head_dim * kPageTokens * sizeof(uint16_t);
}

void append(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
            size_t stride) {
  const size_t width = size_t{shape.kv_heads} * shape.head_dim;
  for (uint32_t r = 0; r < run.rows; ++r, keys += stride, values += stride) {
    const uint32_t position = run.first_position + r;
    const uint32_t token = position % kPageTokens;
    uint16_t* page =
        reinterpret_cast<uint16_t*>(run.pages_base + run.pages[position / kPageTokens] * run.page_stride);
    for (size_t i = 0; i < width; ++i) page[i * kPageTokens + token] = float_to_half(keys[i]);
    uint16_t* page_values = page + width * kPageTokens;
    for (uint32_t head = 0; head < shape.kv_heads; ++head) {
      uint16_t* row = page_values + (size_t{head} * kPageTokens + token) * shape.head_dim;
      for (uint32_t d = 0; d < shape.head_dim; ++d) row[d] = float_to_half(values[head * shape.head_dim + d]);
    }
  }
}

void attend(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride,
            float* out, size_t out_stride, uint32_t kv_head, uint32_t first_row, uint32_t last_row,
            float* scratch) {
  const Cache cache{shape, run, kv_head};
  const uint32_t group = shape.query_heads / shape.kv_heads;
  for (uint32_t r = first_row; r < last_row; ++r) {
    for (uint32_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      const size_t column = size_t{head} * shape.head_dim;
      attend_one(cache, queries + r * query_stride + column, run.first_position + r, scratch,
                 out + r * out_stride + column);
    }
  }
}

size_t attend_scratch_floats(const AttentionShape& shape) { return kAttentionSplit + size_t{shape.head_dim}; }

}  // namespace headrace::kernels::HEADRACE_PORTABLE
