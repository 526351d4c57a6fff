#pragma once

// Attention over paged keys and values, as one source text over Lanes16. HEADRACE_TIER is the
// tier's namespace; its header is included before. HEADRACE_VNNI_ATTENTION: the products of int8 pages by VNNI,
// of attend and attend_splits only. docs/design/0003 tells the tiles and why.
//
// A pair is one row with one query head. Pairs that read the same key-value head are worked on
// in tiles of up to kTilePairs, so that a key or value is loaded and widened once for all of
// them; tiles are gathered in blocks, which walk the splits together, so that a split's pages
// come from memory once a block. Pages is HalfPages or Int8Pages.

#include "kernels/cpu/attention_half.h"
#include "kernels/cpu/attention_int8.h"
#include "kernels/cpu/attention_pairs.h"

namespace headrace::kernels::HEADRACE_TIER {
namespace {

/// Softmax and weighted values of one split for one tile of P pairs, whose rows ascend. False if
/// none of them sees any of it.
template <class Pages, int P, bool kPrefetch>
bool soften_tile(const AttentionShape& shape, const Split& split, const Pair* pairs, const Scratch& scratch,
                 Range (&seen)[P], SplitSoftmax (&softmax)[P]) {
  const uint32_t begin = at_least(split.begin, pairs[0].first);
  const uint32_t end = at_most(split.end, pairs[P - 1].last);
  if (begin >= end) return false;
  const uint32_t first_page = (begin - split.begin) / kPageTokens;
  const uint32_t last_page = (end - split.begin + kPageTokens - 1) / kPageTokens;
  Pages::template score<P, kPrefetch>(shape, split, pairs, first_page, last_page, scratch);
  for (int p = 0; p < P; ++p) {
    seen[p] = {at_least(split.begin, pairs[p].first) - split.begin,
               at_least(split.begin, at_most(split.end, pairs[p].last)) - split.begin};
    if (seen[p].first < seen[p].last) {
      softmax[p] = soften(scratch.scores + p * kScoreStride, seen[p].first, seen[p].last, shape.soft_cap);
    }
  }
  Pages::template weigh<P, kPrefetch>(shape, split, seen, first_page, last_page, scratch);
  return true;
}

template <class Pages, int P, bool kPrefetch>
void attend_tile(const AttentionShape& shape, const Split& split, Pair* pairs, const Scratch& scratch) {
  Range seen[P];
  SplitSoftmax softmax[P];
  if (!soften_tile<Pages, P, kPrefetch>(shape, split, pairs, scratch, seen, softmax)) return;
  for (int p = 0; p < P; ++p) {
    if (seen[p].first < seen[p].last) merge(softmax[p], scratch.split_values + p * scratch.stride, shape.head_dim, pairs[p]);
  }
}

/// As attend_tile for pairs of one row, whose splits are left as they are.
template <class Pages, int P>
void part_tile(const AttentionShape& shape, const Split& split, const Pair* pairs, const Scratch& scratch, float* parts) {
  Range seen[P];
  SplitSoftmax softmax[P];
  if (!soften_tile<Pages, P, true>(shape, split, pairs, scratch, seen, softmax)) return;
  for (int p = 0; p < P; ++p) {
    float* part = parts + p * split_part_floats(shape);
    part[0] = softmax[p].maximum;
    part[1] = softmax[p].sum;
    for (uint32_t d = 0; d < shape.head_dim; d += 16) {
      Lanes16::load(scratch.split_values + p * scratch.stride + d).store(part + kSplitPartHeader + d);
    }
  }
}

/// Calls `tile` with the number of pairs as a constant.
template <class Tile>
HEADRACE_INLINE void with_height(uint32_t pairs, Tile tile) {
  switch (pairs) {
    case 1: return tile.template operator()<1>();
    case 2: return tile.template operator()<2>();
    case 3: return tile.template operator()<3>();
    case 4: return tile.template operator()<4>();
    case 5: return tile.template operator()<5>();
    case 6: return tile.template operator()<6>();
#ifdef HEADRACE_LANES_512
    case 7: return tile.template operator()<7>();
    case 8: return tile.template operator()<8>();
#endif
  }
}

/// Looks up the pages of positions [first, last) within the split that begins at `begin`.
template <class Pages>
void find_pages(const AttentionShape& shape, const AttentionRun& run, uint32_t kv_head, uint32_t begin,
                uint32_t first, uint32_t last, Split& split) {
  const auto page_at = [&](uint32_t page) { return run.pages_base + run.pages[page] * run.page_stride; };
  const size_t keys = Pages::keys_offset(shape, kv_head);
  const size_t values = Pages::values_offset(shape, kv_head);
  split.begin = begin;
  split.end = at_most(begin + kAttentionSplit, last);
  const uint32_t first_page = (at_least(begin, first) - begin) / kPageTokens;
  const uint32_t last_page = (split.end - begin + kPageTokens - 1) / kPageTokens;
  for (uint32_t page = first_page; page < last_page; ++page) {
    const std::byte* at = page_at(begin / kPageTokens + page);
    split.keys[page] = at + keys;
    split.values[page] = at + values;
  }
  // After the keys come the values, after these the next split's keys.
  for (uint32_t i = 0; i < 4; ++i) split.keys[last_page + i] = split.values[at_most(first_page + i, last_page - 1)];
  split.values[last_page] = split.end < last ? page_at(split.end / kPageTokens) + keys : split.values[last_page - 1];
}

/// Heights of the tiles that `count` pairs are divided into, but for the last one.
HEADRACE_INLINE uint32_t tile_height(uint32_t count) {
  const uint32_t tiles = (count + kTilePairs - 1) / kTilePairs;
  return (count + tiles - 1) / tiles;
}

/// All splits for `count` pairs, whose rows ascend.
template <class Pages>
void attend_block(const AttentionShape& shape, const AttentionRun& run, uint32_t kv_head, Pair* pairs,
                  uint32_t count, const Scratch& scratch) {
  const uint32_t height = tile_height(count);
  const uint32_t first = pairs[0].first;
  const uint32_t last = pairs[count - 1].last;
  Split split;
  for (uint32_t begin = first / kAttentionSplit * kAttentionSplit; begin < last; begin += kAttentionSplit) {
    find_pages<Pages>(shape, run, kv_head, begin, first, last, split);
    for (uint32_t p = 0; p < count; p += height) {
      with_height(at_most(height, count - p), [&]<int P>() {
        if (p == 0) {  // the other tiles find the split's pages in a cache
          attend_tile<Pages, P, true>(shape, split, pairs + p, scratch);
        } else {
          attend_tile<Pages, P, false>(shape, split, pairs + p, scratch);
        }
      });
    }
  }
  for (uint32_t p = 0; p < count; ++p) {
    finish(pairs[p], shape.head_dim);
    Pages::turn_back(shape, pairs[p].out);
  }
}

Scratch lay_out(const AttentionShape& shape, float* floats) {
  Scratch scratch{};
  scratch.stride = value_stride(shape);
  const auto take = [&](size_t count) {
    float* part = floats;
    floats += count;
    return part;
  };
  scratch.scores = take(kTilePairs * kScoreStride);
  scratch.split_values = take(kTilePairs * scratch.stride);
  scratch.values = take(kBlockPairs * scratch.stride);
  scratch.weights = reinterpret_cast<int16_t*>(take(kTilePairs * kScoreStride / 2));
  scratch.queries = reinterpret_cast<int16_t*>(take(kBlockPairs * scratch.stride / 2));
  return scratch;
}

/// Pair `index` of a block: query `query` at `position`.
template <class Pages>
Pair make_pair(const AttentionShape& shape, const float* query, uint32_t position, uint32_t index, const Scratch& scratch) {
  const uint32_t last = position + 1;
  Pair pair{.query = query,
            .steps = nullptr,
            .factor = 0,
            .out = nullptr,
            .values = scratch.values + index * scratch.stride,
            .first = shape.window > 0 && last > shape.window ? last - shape.window : 0,
            .last = last,
            .maximum = 0,
            .sum = 0,
            .started = false};
  Pages::prepare_query(shape, scratch.queries + index * scratch.stride, pair);
  return pair;
}

template <class Pages>
void attend_rows(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride,
                 float* out, size_t out_stride, uint32_t kv_head, uint32_t first_row, uint32_t last_row, float* floats) {
  const uint32_t group = shape.query_heads / shape.kv_heads;
  const uint32_t total = (last_row - first_row) * group;
  const Scratch scratch = lay_out(shape, floats);
  Pair pairs[kBlockPairs];
  for (uint32_t done = 0; done < total; done += kBlockPairs) {
    const uint32_t count = at_most(kBlockPairs, total - done);
    for (uint32_t p = 0; p < count; ++p) {
      const uint32_t row = first_row + (done + p) / group;
      const size_t column = size_t{kv_head * group + (done + p) % group} * shape.head_dim;
      pairs[p] = make_pair<Pages>(shape, queries + row * query_stride + column, run.first_position + row, p, scratch);
      pairs[p].out = out + row * out_stride + column;
    }
    attend_block<Pages>(shape, run, kv_head, pairs, count, scratch);
  }
}

template <class Pages>
void attend_parts(const AttentionShape& shape, const AttentionRun& run, const float* queries, uint32_t kv_head,
                  uint32_t first_split, uint32_t last_split, float* parts, float* floats) {
  const uint32_t group = shape.query_heads / shape.kv_heads;
  const Scratch scratch = lay_out(shape, floats);
  Pair pairs[kBlockPairs];
  Split split;
  for (uint32_t done = 0; done < group; done += kBlockPairs) {
    const uint32_t count = at_most(kBlockPairs, group - done);
    for (uint32_t p = 0; p < count; ++p) {
      const float* query = queries + size_t{kv_head * group + done + p} * shape.head_dim;
      pairs[p] = make_pair<Pages>(shape, query, run.first_position, p, scratch);
    }
    const uint32_t height = tile_height(count);
    for (uint32_t i = first_split; i < last_split; ++i) {
      find_pages<Pages>(shape, run, kv_head, i * kAttentionSplit, pairs[0].first, pairs[0].last, split);
      for (uint32_t p = 0; p < count; p += height) {
        float* at = parts + (size_t{i} * group + done + p) * split_part_floats(shape);
        with_height(at_most(height, count - p), [&]<int P>() { part_tile<Pages, P>(shape, split, pairs + p, scratch, at); });
      }
    }
  }
}

}  // namespace

void attend(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride,
            float* out, size_t out_stride, uint32_t kv_head, uint32_t first_row, uint32_t last_row,
            float* scratch) {
  const auto rows = shape.format == KvFormat::Int8 ? attend_rows<Int8Pages> : attend_rows<HalfPages>;
  rows(shape, run, queries, query_stride, out, out_stride, kv_head, first_row, last_row, scratch);
}

void attend_splits(const AttentionShape& shape, const AttentionRun& run, const float* queries, uint32_t kv_head,
                   uint32_t first_split, uint32_t last_split, float* parts, float* scratch) {
  const auto splits = shape.format == KvFormat::Int8 ? attend_parts<Int8Pages> : attend_parts<HalfPages>;
  splits(shape, run, queries, kv_head, first_split, last_split, parts, scratch);
}

#ifndef HEADRACE_VNNI_ATTENTION  // the tier's own serve both

size_t page_bytes(const AttentionShape& shape) {
  return shape.format == KvFormat::Int8 ? Int8Pages::page_bytes(shape) : HalfPages::page_bytes(shape);
}

void append(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
            size_t stride) {
  if (shape.format == KvFormat::Int8) return Int8Pages::append(shape, run, keys, values, stride);
  HalfPages::append(shape, run, keys, values, stride);
}

size_t attend_scratch_floats(const AttentionShape& shape) {
  const size_t floats = kTilePairs * kScoreStride + (kTilePairs + kBlockPairs) * value_stride(shape);
  return floats + (kTilePairs * kScoreStride + kBlockPairs * value_stride(shape)) / 2;
}

void join_splits(const AttentionShape& shape, const float* parts, uint32_t first_split, uint32_t last_split, float* out) {
  const uint32_t group = shape.query_heads / shape.kv_heads;
  float values[kMostHeadDim + 16];
  for (uint32_t g = 0; g < group; ++g) {
    Pair pair{};
    pair.values = values;
    pair.out = out + size_t{g} * shape.head_dim;
    for (uint32_t i = first_split; i < last_split; ++i) {
      const float* part = parts + (size_t{i} * group + g) * split_part_floats(shape);
      merge({part[0], part[1]}, part + kSplitPartHeader, shape.head_dim, pair);
    }
    finish(pair, shape.head_dim);
    if (shape.format == KvFormat::Int8) Int8Pages::turn_back(shape, pair.out);
  }
}

#endif

}  // namespace headrace::kernels::HEADRACE_TIER
