#include "model/matmul_pieces.h"

#include <gtest/gtest.h>

namespace headrace::model {
namespace {

TEST(PieceSize, lets_threads_of_one_speed_finish_together) {
  // 576 outputs by two threads: six pieces of 96, not five of 128 or nine of 64.
  EXPECT_EQ(choose_piece({.heights = {576}, .output_bytes = 360, .unit = 32, .threads = 2}), 96u);
  EXPECT_EQ(choose_piece({.heights = {576, 192, 192}, .output_bytes = 360, .unit = 32, .threads = 2}), 96u);
}

TEST(PieceSize, leaves_every_thread_some_pieces_where_there_are_outputs_enough) {
  for (const uint32_t threads : {1u, 2u, 7u, 64u}) {
    for (const uint32_t height : {1536u, 49152u, 262144u}) {
      const uint32_t piece = choose_piece({.heights = {height}, .output_bytes = 612, .unit = 32, .threads = threads, .few_rows = false});
      EXPECT_EQ(piece % 32, 0u);
      EXPECT_LE(piece, height / (4 * threads) / 32 * 32 + 32) << height << " outputs, " << threads << " threads";
    }
  }
}

TEST(PieceSize, makes_pieces_of_a_long_matrix_long_but_not_longer_than_a_cache_takes) {
  const uint32_t piece = choose_piece({.heights = {262144}, .output_bytes = 680, .unit = 32, .threads = 2});
  EXPECT_GT(piece, 128u);
  EXPECT_LE(piece * 680u, (256u << 10) + 32 * 680u);
}

TEST(PieceSize, copes_with_tiny_and_enormous_matrices) {
  EXPECT_EQ(choose_piece({.heights = {1}, .output_bytes = 4, .unit = 16, .threads = 8}), 16u);
  EXPECT_EQ(choose_piece({.heights = {5, 3}, .output_bytes = 1u << 30, .unit = 8, .threads = 3}), 8u);
  EXPECT_GE(choose_piece({.heights = {4000000000u}, .output_bytes = 1, .unit = 32, .threads = 2}), 32u);
}

}  // namespace
}  // namespace headrace::model
