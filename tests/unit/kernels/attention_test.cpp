#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "attention_case.h"
#include "kernels/float16.h"
#include "all_tiers.h"

namespace headrace::kernels {
namespace {

AttentionShape shape_of(uint32_t query_heads, uint32_t kv_heads, uint32_t head_dim, uint32_t window = 0,
                        float soft_cap = 0) {
  return {query_heads, kv_heads, head_dim, 1.0f / std::sqrt(static_cast<float>(head_dim)), soft_cap, window};
}

AttentionShape with_int8(AttentionShape shape) {
  shape.format = KvFormat::Int8;
  return shape;
}

/// The first float whose bytes differ, or −1.
ptrdiff_t first_difference(const std::vector<float>& a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return static_cast<ptrdiff_t>(i);
  }
  return -1;
}

/// The product with the Hadamard matrix of `width` rows for each `width` values: in the order of docs/design/0001.
template <class Number>
void turn(std::vector<Number>& values, uint32_t width) {
  for (uint32_t step = 1; step < width; step *= 2) {
    for (uint32_t d = 0; d < values.size(); ++d) {
      if (d / step % 2 == 1) continue;
      const Number sum = values[d] + values[d + step];
      values[d + step] = values[d] - values[d + step];
      values[d] = sum;
    }
  }
}

/// Values of one head as an int8 page keeps them, turned back.
std::vector<double> stored_as_int8(std::vector<float> values) {
  uint32_t width = 1;
  while (values.size() % (2 * width) == 0) width *= 2;
  turn(values, width);
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  std::vector<double> kept;
  for (const float value : values) kept.push_back(std::rint(value * (127.0f / largest)) * (largest / 127.0f));
  turn(kept, width);
  for (double& value : kept) value /= width;
  return kept;
}

/// Values of one head as a page keeps them.
std::vector<double> stored(const AttentionShape& shape, const float* values) {
  std::vector<float> head(values, values + shape.head_dim);
  if (shape.format == KvFormat::Int8) return stored_as_int8(head);
  for (float& value : head) value = half_to_float(float_to_half(value));
  return {head.begin(), head.end()};
}

/// Softmax attention in double, straight from its definition, on keys and values as they are stored in pages of `shape`.
std::vector<double> naive_attention(const AttentionCase& sequence, const AttentionShape& shape, uint32_t position, uint32_t head) {
  const uint32_t kv = head / (shape.query_heads / shape.kv_heads) * shape.head_dim;
  const uint32_t first = shape.window > 0 && position + 1 > shape.window ? position + 1 - shape.window : 0;
  std::vector<double> weights, out(shape.head_dim);
  double total = 0;
  for (uint32_t t = first; t <= position; ++t) {
    double score = 0;
    const std::vector<double> key = stored(shape, sequence.key(t) + kv);
    for (uint32_t d = 0; d < shape.head_dim; ++d) score += double{sequence.query(position)[head * shape.head_dim + d]} * key[d];
    score *= shape.scale;
    if (shape.soft_cap > 0) score = shape.soft_cap * std::tanh(score / shape.soft_cap);
    weights.push_back(std::exp(score));
    total += weights.back();
  }
  for (uint32_t t = first; t <= position; ++t) {
    const std::vector<double> value = stored(shape, sequence.value(t) + kv);
    for (uint32_t d = 0; d < shape.head_dim; ++d) out[d] += weights[t - first] / total * value[d];
  }
  return out;
}

TEST(Attention, portable_agrees_with_softmax_in_double) {
  for (const AttentionShape& shape : {shape_of(9, 3, 64), shape_of(4, 1, 256, 100), shape_of(2, 2, 8, 0, 20.0f),
                                      shape_of(4, 2, 40, 300, 3.0f), with_int8(shape_of(9, 3, 64)),
                                      with_int8(shape_of(4, 1, 256, 100)), with_int8(shape_of(4, 2, 40, 300, 3.0f)),
                                      with_int8(shape_of(2, 1, 96))}) {
    // Queries and weights of int8 pages are rounded to 16 bits.
    const double bound = shape.format == KvFormat::Int8 ? 1e-4 : 4e-6;
    const uint32_t context = 600;
    AttentionCase sequence(shape, context, 5);
    const std::vector<float> out = sequence.attend(oracle(), context, context);
    for (uint32_t position : {0u, 1u, 15u, 16u, 99u, 100u, 255u, 256u, 257u, 511u, 599u}) {
      for (uint32_t head = 0; head < shape.query_heads; ++head) {
        const std::vector<double> expected = naive_attention(sequence, shape, position, head);
        for (uint32_t d = 0; d < shape.head_dim; ++d) {
          ASSERT_NEAR(out[position * sequence.query_width() + head * shape.head_dim + d], expected[d], bound)
              << describe(shape, context) << ", position " << position << ", head " << head << ", dim " << d;
        }
      }
    }
  }
}

TEST(Attention, a_dim_of_int8_keys_that_stands_out_costs_the_others_little) {
  const AttentionShape half = shape_of(3, 1, 64);
  const AttentionShape shape = with_int8(half);
  AttentionCase sequence(shape, 100, 7);
  sequence.stretch_keys(5, 40);
  const std::vector<float> out = sequence.attend(oracle(), 100, 100);
  double squares = 0;
  for (uint32_t position = 0; position < 100; ++position) {
    for (uint32_t head = 0; head < 3; ++head) {
      const std::vector<double> expected = naive_attention(sequence, half, position, head);
      for (uint32_t d = 0; d < 64; ++d) {
        const double error = out[position * sequence.query_width() + head * 64 + d] - expected[d];
        squares += error * error;
      }
    }
  }
  EXPECT_LT(std::sqrt(squares / (100 * 3 * 64)), 0.01);
}

TEST(Attention, every_tier_gives_the_bytes_of_portable_over_random_shapes) {
  std::mt19937 random(11);
  const auto up_to = [&](uint32_t most) { return 1 + static_cast<uint32_t>(random()) % most; };
  for (int i = 0; i < 90; ++i) {
    const uint32_t kv_heads = up_to(3);
    const uint32_t head_dim = 8 * (i % 4 == 0 ? up_to(64) : up_to(16));
    AttentionShape shape = shape_of(kv_heads * up_to(9), kv_heads, head_dim, random() % 2 ? up_to(700) : 0,
                                    random() % 3 ? 0.0f : 5.0f);
    if (i % 2 == 1) shape = with_int8(shape);
    const uint32_t context = i % 6 == 0 ? up_to(1100) : up_to(300);
    AttentionCase sequence(shape, context, random());
    const uint32_t rows = std::min(context, up_to(70));
    const uint32_t first = context - rows;
    oracle().append(shape, sequence.run(0, context), sequence.key(0), sequence.value(0),
                            sequence.kv_width());
    const std::vector<float> expected = sequence.attend_rows(oracle(), first, rows, rows);
    for (const Tier& tier : tiers()) {
      const std::vector<float> got = sequence.attend_rows(*tier.table, first, rows, up_to(rows));
      ASSERT_EQ(first_difference(got, expected), -1)
          << tier.name << ", " << describe(shape, context) << ", rows " << rows;
    }
  }
}

TEST(Attention, every_tier_stores_the_same_page_bytes) {
  for (const AttentionShape& shape : {shape_of(9, 3, 64), shape_of(1, 1, 8), shape_of(2, 1, 120), shape_of(1, 1, 512)}) {
    AttentionCase sequence(shape, 77, 3, 300.0f);
    ASSERT_EQ(oracle().page_bytes(shape), size_t{2} * shape.kv_heads * shape.head_dim * kPageTokens * 2);
    oracle().append(shape, sequence.run(0, 77), sequence.key(0), sequence.value(0), sequence.kv_width());
    const std::vector<std::byte> expected = sequence.page_bytes();
    for (const Tier& tier : tiers()) {
      sequence.clear_pages();
      tier.table->append(shape, sequence.run(0, 20), sequence.key(0), sequence.value(0), sequence.kv_width());
      tier.table->append(shape, sequence.run(20, 57), sequence.key(20), sequence.value(20), sequence.kv_width());
      EXPECT_EQ(tier.table->page_bytes(shape), oracle().page_bytes(shape));
      const std::vector<std::byte> got = sequence.page_bytes();
      for (uint32_t t = 0; t < 77; ++t) {
        const size_t page = t / kPageTokens * tier.table->page_bytes(shape);
        for (size_t i = 0; i < sequence.kv_width(); ++i) {
          const size_t key = page + (i * kPageTokens + t % kPageTokens) * 2;
          ASSERT_EQ(std::memcmp(&expected[key], &got[key], 2), 0) << tier.name << " key " << t;
          const size_t head = i / shape.head_dim;
          const size_t value = page + sequence.kv_width() * kPageTokens * 2 +
                               ((head * kPageTokens + t % kPageTokens) * shape.head_dim + i % shape.head_dim) * 2;
          ASSERT_EQ(std::memcmp(&expected[value], &got[value], 2), 0) << tier.name << " value " << t;
        }
      }
    }
  }
}

TEST(Attention, every_tier_stores_the_same_int8_pages) {
  for (const AttentionShape& shape : {shape_of(9, 3, 64), shape_of(1, 1, 8), shape_of(2, 1, 120), shape_of(1, 1, 512)}) {
    const AttentionShape int8 = with_int8(shape);
    for (const float spread : {1.0f, 300.0f, 1e-20f, 1e-37f}) {
      AttentionCase sequence(int8, 64, 3, spread);
      const auto append_to_zeros = [&](const KernelTable& table, uint32_t chunk) {
        sequence.clear_pages();
        for (uint32_t t = 0; t < 64; t += chunk) {
          const uint32_t rows = std::min(chunk, 64 - t);
          table.append(int8, sequence.run(t, rows), sequence.key(t), sequence.value(t), sequence.kv_width());
        }
        return sequence.page_bytes();
      };
      const std::vector<std::byte> expected = append_to_zeros(oracle(), 64);
      for (const Tier& tier : tiers()) {
        EXPECT_EQ(tier.table->page_bytes(int8), oracle().page_bytes(int8));
        EXPECT_EQ(append_to_zeros(*tier.table, 21), expected) << tier.name << ", " << describe(int8, 64) << ", spread " << spread;
      }
    }
  }
}

TEST(Attention, an_int8_page_is_little_more_than_half_a_page_of_halves) {
  const AttentionShape shape = shape_of(9, 3, 64);
  EXPECT_EQ(oracle().page_bytes(shape), 12288u);
  EXPECT_EQ(oracle().page_bytes(with_int8(shape)), 6528u);
}

TEST(Attention, parts_of_a_row_joined_have_the_bits_of_the_whole) {
  std::mt19937 random(31);
  for (AttentionShape shape : {shape_of(9, 3, 64), shape_of(4, 1, 256, 600), shape_of(20, 2, 24, 0, 8.0f), shape_of(3, 3, 64)}) {
    for (const KvFormat format : {KvFormat::Float16, KvFormat::Int8}) {
      shape.format = format;
      for (const uint32_t context : {1u, 256u, 257u, 1500u}) {
        AttentionCase sequence(shape, context, random());
        oracle().append(shape, sequence.run(0, context), sequence.key(0), sequence.value(0), sequence.kv_width());
        const std::vector<float> expected = sequence.attend_rows(oracle(), context - 1, 1, 1);
        for (const Tier& tier : all_tiers()) {
          for (const uint32_t splits : {1u, 2u, 100u}) {
            ASSERT_EQ(first_difference(sequence.attend_in_parts(*tier.table, splits), expected), -1)
                << tier.name << ", " << describe(shape, context) << ", " << splits << " splits a part";
          }
        }
      }
    }
  }
}

TEST(Attention, chunks_rows_and_pages_do_not_change_a_bit) {
  for (const AttentionShape& shape : {shape_of(9, 3, 64), shape_of(4, 1, 256, 130), shape_of(6, 2, 24, 40, 8.0f),
                                      with_int8(shape_of(9, 3, 64)), with_int8(shape_of(6, 2, 24, 40, 8.0f))}) {
    const uint32_t context = 275;
    AttentionCase sequence(shape, context, 17);
    const std::vector<float> expected = sequence.attend(oracle(), context, context);
    for (const Tier& tier : all_tiers()) {
      for (const auto& [chunk, rows_per_call] : {std::pair{512u, 512u}, {16u, 16u}, {7u, 1u}, {275u, 64u}}) {
        sequence.forget_pages();
        const std::vector<float> got = sequence.attend(*tier.table, chunk, rows_per_call);
        ASSERT_EQ(first_difference(got, expected), -1)
            << tier.name << ", " << describe(shape, context) << ", chunk " << chunk << ", rows " << rows_per_call;
      }
    }
  }
}

TEST(Attention, a_decoded_row_equals_the_same_row_of_a_prefill) {
  const AttentionShape shape = shape_of(9, 3, 64);
  const uint32_t context = 300;
  AttentionCase sequence(shape, context, 23);
  const std::vector<float> expected = sequence.attend(oracle(), context, context);
  for (const Tier& tier : all_tiers()) {
    sequence.forget_pages();
    const std::vector<float> got = sequence.attend(*tier.table, 1, 1);
    EXPECT_EQ(first_difference(got, expected), -1) << tier.name;
  }
}

TEST(Attention, touches_nothing_before_its_buffers) {
  const GuardedFromBelow from_below;
  for (AttentionShape shape : {shape_of(9, 3, 64), shape_of(4, 1, 256, 130), shape_of(6, 2, 24, 40, 8.0f), shape_of(1, 1, 8), shape_of(2, 1, 512)}) {
    for (const KvFormat format : {KvFormat::Float16, KvFormat::Int8}) {
      shape.format = format;
      const uint32_t context = 275;
      AttentionCase sequence(shape, context, 37);
      const std::vector<float> expected = sequence.attend(oracle(), context, context);
      const std::vector<float> last(expected.end() - static_cast<ptrdiff_t>(sequence.query_width()), expected.end());
      for (const Tier& tier : all_tiers()) {
        sequence.forget_pages();
        ASSERT_EQ(first_difference(sequence.attend(*tier.table, 33, 5), expected), -1) << tier.name << ", " << describe(shape, context);
        ASSERT_EQ(first_difference(sequence.attend_in_parts(*tier.table, 1), last), -1) << tier.name << ", " << describe(shape, context);
      }
    }
  }
}

TEST(Attention, scores_far_apart_do_not_overflow) {
  for (const AttentionShape& shape : {shape_of(2, 1, 64), with_int8(shape_of(2, 1, 64))}) {
    AttentionCase sequence(shape, 520, 29, 60.0f);
    const std::vector<float> expected = sequence.attend(oracle(), 520, 520);
    for (float x : expected) ASSERT_TRUE(std::isfinite(x));
    for (const Tier& tier : tiers()) {
      EXPECT_EQ(first_difference(sequence.attend(*tier.table, 520, 520), expected), -1) << tier.name;
    }
  }
}

}  // namespace
}  // namespace headrace::kernels
