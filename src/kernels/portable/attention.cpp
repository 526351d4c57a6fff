#include <algorithm>

#include "kernels/activation_block.h"
#include "kernels/math.h"
#include "kernels/portable/portable.h"

#include "kernels/portable/page_cache.h"

namespace headrace::kernels::HEADRACE_PORTABLE {
namespace {

/// One split's weights before the merge, or the running sums after it.
struct Softmax {
  float maximum;
  float sum;
  float* values;  // [head_dim]
};

float sum_of_lanes(float* lanes) {
  for (uint32_t width = kPageTokens / 2; width > 0; width /= 2) {
    for (uint32_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

/// Positions [first, last) of one split.
template <class Cache>
void attend_split(const Cache& cache, const typename Cache::Query& query, uint32_t first, uint32_t last, float* scores,
                  Softmax& out) {
  for (uint32_t t = first; t < last;) {
    const uint32_t page_end = std::min(last, (t / kPageTokens + 1) * kPageTokens);
    cache.score(query, t, page_end, scores + (t - first));
    t = page_end;
  }
  const float cap = cache.shape.soft_cap;
  for (uint32_t i = 0; cap > 0 && i < last - first; ++i) scores[i] = cap * exact_tanhf(scores[i] / cap);
  out.maximum = *std::max_element(scores, scores + (last - first));
  float lanes[kPageTokens] = {};
  for (uint32_t t = first; t < last; ++t) {
    scores[t - first] = exact_expf(scores[t - first] - out.maximum);
    lanes[t % kPageTokens] += scores[t - first];
  }
  out.sum = sum_of_lanes(lanes);
  cache.weigh(scores, first, last, out.values);
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

/// Turns the sums of weighted values over all splits into the answer.
void finish(const AttentionShape& shape, float sum, float* values) {
  for (uint32_t d = 0; d < shape.head_dim; ++d) values[d] = values[d] / sum;
  if (shape.format != KvFormat::Int8) return;
  turn_by_hadamard(values, shape.head_dim);
  const float inverse = 1 / static_cast<float>(hadamard_width(shape.head_dim));
  for (uint32_t d = 0; d < shape.head_dim; ++d) values[d] *= inverse;
}

uint32_t first_seen(const AttentionShape& shape, uint32_t position) {
  return shape.window > 0 && position + 1 > shape.window ? position + 1 - shape.window : 0;
}

/// The part of split `split` that a row at `position` sees.
struct Seen {
  uint32_t first, last;
};
Seen seen_of_split(const AttentionShape& shape, uint32_t position, uint32_t split) {
  return {std::max(first_seen(shape, position), split * kAttentionSplit),
          std::min(position + 1, (split + 1) * kAttentionSplit)};
}

template <class Cache>
void attend_one(const Cache& cache, const float* values, uint32_t position, float* scratch, float* out) {
  const AttentionShape& shape = cache.shape;
  const auto query = cache.query(values);
  Softmax running{0, 0, out};
  Softmax split{0, 0, scratch + kAttentionSplit};
  const uint32_t begin = first_seen(shape, position) / kAttentionSplit;
  for (uint32_t i = begin; i <= position / kAttentionSplit; ++i) {
    const Seen seen = seen_of_split(shape, position, i);
    attend_split(cache, query, seen.first, seen.last, scratch, i == begin ? running : split);
    if (i > begin) merge(split, shape.head_dim, running);
  }
  finish(shape, running.sum, out);
}

template <class Cache>
void attend_rows(const Cache& cache, const float* queries, size_t query_stride, float* out, size_t out_stride,
                 uint32_t first_row, uint32_t last_row, float* scratch) {
  const AttentionShape& shape = cache.shape;
  const uint32_t group = shape.query_heads / shape.kv_heads;
  for (uint32_t r = first_row; r < last_row; ++r) {
    for (uint32_t head = cache.kv_head * group; head < (cache.kv_head + 1) * group; ++head) {
      const size_t column = size_t{head} * shape.head_dim;
      attend_one(cache, queries + r * query_stride + column, cache.run.first_position + r, scratch,
                 out + r * out_stride + column);
    }
  }
}

template <class Cache>
void attend_parts(const Cache& cache, const float* queries, uint32_t first_split, uint32_t last_split, float* parts,
                  float* scratch) {
  const AttentionShape& shape = cache.shape;
  const uint32_t group = shape.query_heads / shape.kv_heads;
  for (uint32_t g = 0; g < group; ++g) {
    const auto query = cache.query(queries + size_t{cache.kv_head * group + g} * shape.head_dim);
    for (uint32_t i = first_split; i < last_split; ++i) {
      float* part = parts + (size_t{i} * group + g) * split_part_floats(shape);
      Softmax split{0, 0, part + kSplitPartHeader};
      const Seen seen = seen_of_split(shape, cache.run.first_position, i);
      attend_split(cache, query, seen.first, seen.last, scratch, split);
      part[0] = split.maximum;
      part[1] = split.sum;
    }
  }
}

/// int8 values of one head, turned, and their scale.
float quantize_head(const float* head, uint32_t head_dim, int8_t* quants) {
  float values[kMostHeadDim];
  std::copy_n(head, head_dim, values);
  turn_by_hadamard(values, head_dim);
  float largest = 0;
  for (uint32_t d = 0; d < head_dim; ++d) {
    if (std::fabs(values[d]) > largest) largest = std::fabs(values[d]);
  }
  const float inverse = largest > kSmallestMagnitude ? 127.0f / largest : 0.0f;
  for (uint32_t d = 0; d < head_dim; ++d) {
    const float rounded = std::rint(values[d] * inverse);
    quants[d] = std::fabs(rounded) <= 127.0f ? static_cast<int8_t>(rounded) : int8_t{-127};
  }
  return largest / 127.0f;
}

void append_int8(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
                 size_t stride) {
  int8_t quants[kMostHeadDim];
  for (uint32_t r = 0; r < run.rows; ++r, keys += stride, values += stride) {
    const uint32_t position = run.first_position + r;
    const uint32_t token = position % kPageTokens;
    for (uint32_t h = 0; h < shape.kv_heads; ++h) {
      const Int8Head head = int8_head(shape, run, position, h);
      head.key_scales()[token] = quantize_head(keys + size_t{h} * shape.head_dim, shape.head_dim, quants);
      for (uint32_t d = 0; d < shape.head_dim; ++d) head.key(token, d) = quants[d];
      head.value_scales()[token] = quantize_head(values + size_t{h} * shape.head_dim, shape.head_dim, quants);
      for (uint32_t d = 0; d < shape.head_dim; ++d) head.value(token, d) = quants[d];
    }
  }
}

void append_half(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
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

}  // namespace

size_t page_bytes(const AttentionShape& shape) {
  if (shape.format == KvFormat::Int8) return shape.kv_heads * Int8Head::bytes(shape.head_dim);
  return size_t{2} * shape.kv_heads * shape.head_dim * kPageTokens * sizeof(uint16_t);
}

void append(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
            size_t stride) {
  if (shape.format == KvFormat::Int8) return append_int8(shape, run, keys, values, stride);
  append_half(shape, run, keys, values, stride);
}

void attend(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride,
            float* out, size_t out_stride, uint32_t kv_head, uint32_t first_row, uint32_t last_row,
            float* scratch) {
  const auto rows = [&](const auto& cache) {
    attend_rows(cache, queries, query_stride, out, out_stride, first_row, last_row, scratch);
  };
  if (shape.format == KvFormat::Int8) return rows(Int8Cache{shape, run, kv_head});
  rows(HalfCache{shape, run, kv_head});
}

size_t attend_scratch_floats(const AttentionShape& shape) { return kAttentionSplit + size_t{shape.head_dim}; }

void attend_splits(const AttentionShape& shape, const AttentionRun& run, const float* queries, uint32_t kv_head,
                   uint32_t first_split, uint32_t last_split, float* parts, float* scratch) {
  const auto splits = [&](const auto& cache) {
    attend_parts(cache, queries, first_split, last_split, parts, scratch);
  };
  if (shape.format == KvFormat::Int8) return splits(Int8Cache{shape, run, kv_head});
  splits(HalfCache{shape, run, kv_head});
}

void join_splits(const AttentionShape& shape, const float* parts, uint32_t first_split, uint32_t last_split, float* out) {
  const uint32_t group = shape.query_heads / shape.kv_heads;
  for (uint32_t g = 0; g < group; ++g, out += shape.head_dim) {
    Softmax running{0, 0, out};
    for (uint32_t i = first_split; i < last_split; ++i) {
      const float* part = parts + (size_t{i} * group + g) * split_part_floats(shape);
      if (i == first_split) {
        running.maximum = part[0];
        running.sum = part[1];
        std::copy_n(part + kSplitPartHeader, shape.head_dim, out);
      } else {
        merge({part[0], part[1], const_cast<float*>(part + kSplitPartHeader)}, shape.head_dim, running);
      }
    }
    finish(shape, running.sum, out);
  }
}

}  // namespace headrace::kernels::HEADRACE_PORTABLE
