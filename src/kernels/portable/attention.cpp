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

/// Where the keys and values of one key-value head lie, found through the page table.
struct Cache {
  const AttentionShape& shape;
  const AttentionRun& run;
  uint32_t kv_head;

  /// [head_dim][kPageTokens]: the keys of a position's page.
  const uint16_t* keys(uint32_t position) const { return head_of_page(position, kv_head); }
  /// [head_dim]: the values of a position.
  const uint16_t* values(uint32_t position) const {
    return head_of_page(position, shape.kv_heads + kv_head) + position % kPageTokens * shape.head_dim;
  }

 private:
  const uint16_t* head_of_page(uint32_t position, uint32_t head) const {
    const std::byte* page = run.pages_base + run.pages[position / kPageTokens] * run.page_stride;
    return reinterpret_cast<const uint16_t*>(page) + size_t{head} * shape.head_dim * kPageTokens;
  }
};

float sum_of_lanes(float* lanes) {
  for (uint32_t width = kPageTokens / 2; width > 0; width /= 2) {
    for (uint32_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

/// Scores of positions [first, last) of one page.
void score_page(const Cache& cache, const float* query, uint32_t first, uint32_t last, float* scores) {
  const uint16_t* keys = cache.keys(first) + first % kPageTokens;
  const uint32_t count = last - first;
  for (uint32_t i = 0; i < count; ++i) scores[i] = 0;
  for (uint32_t d = 0; d < cache.shape.head_dim; ++d) {
    for (uint32_t i = 0; i < count; ++i) {
      scores[i] = __builtin_fmaf(query[d], half_to_float(keys[d * kPageTokens + i]), scores[i]);
    }
  }
  const float cap = cache.shape.soft_cap;
  for (uint32_t i = 0; i < count; ++i) {
    scores[i] *= cache.shape.scale;
    if (cap > 0) scores[i] = cap * exact_tanhf(scores[i] / cap);
  }
}

/// Positions [first, last) of one split.
void attend_split(const Cache& cache, const float* query, uint32_t first, uint32_t last, float* scores,
                  Softmax& out) {
  for (uint32_t t = first; t < last;) {
    const uint32_t page_end = std::min(last, (t / kPageTokens + 1) * kPageTokens);
    score_page(cache, query, t, page_end, scores + (t - first));
    t = page_end;
  }
  out.maximum = *std::max_element(scores, scores + (last - first));
  float lanes[kPageTokens] = {};
  for (uint32_t d = 0; d < cache.shape.head_dim; ++d) out.values[d] = 0;
  for (uint32_t t = first; t < last; ++t) {
    const float weight = exact_expf(scores[t - first] - out.maximum);
    lanes[t % kPageTokens] += weight;
    const uint16_t* values = cache.values(t);
    for (uint32_t d = 0; d < cache.shape.head_dim; ++d) {
      out.values[d] = __builtin_fmaf(weight, half_to_float(values[d]), out.values[d]);
    }
  }
  out.sum = sum_of_lanes(lanes);
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
