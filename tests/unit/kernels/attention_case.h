#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "all_tiers.h"
#include "guarded_memory.h"
#include "kernels/kernel_table.h"

namespace headrace::kernels {

/// A sequence of `context` tokens with random queries, keys and values, whose pages lie shuffled
/// among others, each full of garbage and between pages of memory that nobody may touch.
class AttentionCase {
 public:
  AttentionCase(const AttentionShape& shape, uint32_t context, uint64_t seed, float spread = 1.0f)
      : shape_(shape),
        context_(context),
        pages_((context + kPageTokens - 1) / kPageTokens + 3, oracle().page_bytes(shape)),
        queries_(size_t{context} * query_width()),
        keys_(size_t{context} * kv_width()),
        values_(size_t{context} * kv_width()),
        table_((context + kPageTokens - 1) / kPageTokens),
        random_(seed) {
    std::normal_distribution<float> normal(0, spread);
    for (float& x : queries_) x = normal(random_);
    for (float& x : keys_) x = normal(random_);
    for (float& x : values_) x = normal(random_);
    forget_pages();
  }

  uint32_t context() const { return context_; }
  const AttentionShape& shape() const { return shape_; }
  size_t query_width() const { return size_t{shape_.query_heads} * shape_.head_dim; }
  size_t kv_width() const { return size_t{shape_.kv_heads} * shape_.head_dim; }
  const float* query(uint32_t position) const { return queries_.data() + position * query_width(); }
  const float* key(uint32_t position) const { return keys_.data() + position * kv_width(); }
  const float* value(uint32_t position) const { return values_.data() + position * kv_width(); }

  /// Deals the pages anew and fills them all with random bits.
  void forget_pages() {
    std::vector<uint32_t> all(pages_.size());
    std::iota(all.begin(), all.end(), 0u);
    std::shuffle(all.begin(), all.end(), random_);
    std::copy_n(all.begin(), table_.size(), table_.begin());
    for (size_t page = 0; page < pages_.size(); ++page)
      for (std::byte& b : pages_.piece(page)) b = static_cast<std::byte>(random_());
  }

  void clear_pages() {
    for (size_t page = 0; page < pages_.size(); ++page) std::ranges::fill(pages_.piece(page), std::byte{0});
  }

  /// The bytes of the sequence's pages, one after the other.
  std::vector<std::byte> page_bytes() const {
    std::vector<std::byte> bytes;
    for (const uint32_t page : table_) bytes.insert(bytes.end(), pages_.piece(page).begin(), pages_.piece(page).end());
    return bytes;
  }

  AttentionRun run(uint32_t first_position, uint32_t rows) const {
    return {pages_.data(), pages_.stride(), table_.data(), first_position, rows};
  }

  /// Appends and attends the whole sequence in chunks, and a chunk's rows in calls of `rows_per_call`.
  std::vector<float> attend(const KernelTable& table, uint32_t chunk, uint32_t rows_per_call) const {
    GuardedMemory<float> out(size_t{context_} * query_width());
    for (uint32_t first = 0; first < context_; first += chunk) {
      const uint32_t rows = std::min(chunk, context_ - first);
      table.append(shape_, run(first, rows), key(first), value(first), kv_width());
      attend_rows(table, first, rows, rows_per_call, out.data() + first * query_width());
    }
    return {out.begin(), out.end()};
  }

  /// Attends rows that have been appended: positions first … first + rows − 1.
  std::vector<float> attend_rows(const KernelTable& table, uint32_t first, uint32_t rows, uint32_t rows_per_call) const {
    GuardedMemory<float> out(rows * query_width());
    attend_rows(table, first, rows, rows_per_call, out.data());
    return {out.begin(), out.end()};
  }
  void attend_rows(const KernelTable& table, uint32_t first, uint32_t rows, uint32_t rows_per_call,
                   float* out) const {
    GuardedMemory<float> scratch(table.attend_scratch_floats(shape_));
    for (float& x : scratch) x = 1e30f;
    for (uint32_t head = 0; head < shape_.kv_heads; ++head) {
      for (uint32_t row = 0; row < rows; row += rows_per_call) {
        table.attend(shape_, run(first, rows), query(first), query_width(), out, query_width(), head, row,
                     std::min(rows, row + rows_per_call), scratch.data());
      }
    }
  }

  /// Attends the last row in parts of `splits` splits each, and joins them.
  std::vector<float> attend_in_parts(const KernelTable& table, uint32_t splits) const {
    GuardedMemory<float> scratch(table.attend_scratch_floats(shape_));
    const uint32_t position = context_ - 1;
    const uint32_t group = shape_.query_heads / shape_.kv_heads;
    const uint32_t begin = (shape_.window > 0 && context_ > shape_.window ? context_ - shape_.window : 0) / kAttentionSplit;
    const uint32_t end = position / kAttentionSplit + 1;
    GuardedMemory<float> out(query_width());
    for (uint32_t head = 0; head < shape_.kv_heads; ++head) {
      GuardedMemory<float> parts(size_t{end} * group * split_part_floats(shape_));
      for (uint32_t i = begin; i < end; i += splits) {
        table.attend_splits(shape_, run(position, 1), query(position), head, i, std::min(end, i + splits), parts.data(), scratch.data());
      }
      table.join_splits(shape_, parts.data(), begin, end, out.data() + size_t{head} * group * shape_.head_dim);
    }
    return {out.begin(), out.end()};
  }

  /// Dim `dim` of every key times `factor`, and of every query divided by it: no score changes.
  void stretch_keys(uint32_t dim, float factor) {
    for (size_t at = dim; at < keys_.size(); at += shape_.head_dim) keys_[at] *= factor;
    for (size_t at = dim; at < queries_.size(); at += shape_.head_dim) queries_[at] /= factor;
  }

 private:
  AttentionShape shape_;
  uint32_t context_;
  GuardedPieces pages_;
  GuardedMemory<float> queries_;
  GuardedMemory<float> keys_;
  GuardedMemory<float> values_;
  GuardedMemory<uint32_t> table_;
  std::mt19937_64 random_;
};

inline std::string describe(const AttentionShape& shape, uint32_t context) {
  return "query_heads " + std::to_string(shape.query_heads) + ", kv_heads " + std::to_string(shape.kv_heads) +
         ", head_dim " + std::to_string(shape.head_dim) + ", window " + std::to_string(shape.window) + ", soft_cap " +
         std::to_string(shape.soft_cap) + ", context " + std::to_string(context) +
         (shape.format == KvFormat::Int8 ? ", int8" : "");
}

}  // namespace headrace::kernels
