#include "model/cpu/key_balance.h"

#include <gtest/gtest.h>

#include <vector>

namespace headrace::model {
namespace {

using kernels::RopePairing;

TEST(KeyBalance, moves_powers_of_two_from_keys_that_stand_out_to_their_queries) {
  std::vector<float> queries = {1, 1, 1, 1};
  std::vector<float> keys = {16, 1, 16, 1};
  balance_keys(queries, keys, RopePairing::Halves);
  EXPECT_EQ(queries, (std::vector<float>{4, 1, 4, 1}));
  EXPECT_EQ(keys, (std::vector<float>{4, 1, 4, 1}));
}

TEST(KeyBalance, gives_both_dims_of_a_rotary_pair_one_factor) {
  std::vector<float> queries = {1, 1, 1, 1};
  std::vector<float> keys = {16, 0.5f, 1, -1};
  balance_keys(queries, keys, RopePairing::Neighbours);
  EXPECT_EQ(queries, (std::vector<float>{4, 4, 1, 1}));
  EXPECT_EQ(keys, (std::vector<float>{4, 0.125f, 1, -1}));
}

TEST(KeyBalance, leaves_the_product_of_each_dims_weights_to_the_bit) {
  std::vector<float> queries = {0.1f, 3.7f, -0.01f, 9};
  std::vector<float> keys = {30.3f, 0.02f, 7, -0.3f};
  const std::vector<float> products = {0.1f * 30.3f, 3.7f * 0.02f, -0.01f * 7, 9 * -0.3f};
  balance_keys(queries, keys, RopePairing::Halves);
  for (size_t d = 0; d < keys.size(); ++d) EXPECT_EQ(queries[d] * keys[d], products[d]) << d;
}

TEST(KeyBalance, leaves_a_pair_without_queries_or_keys_or_numbers_alone) {
  const float infinity = __builtin_inff();
  std::vector<float> queries = {0, 2, infinity, 0, 2, 2};
  std::vector<float> keys = {4, 0, 4, 4, 0, 4};
  balance_keys(queries, keys, RopePairing::Halves);
  EXPECT_EQ(queries, (std::vector<float>{0, 2, infinity, 0, 2, 2}));
  EXPECT_EQ(keys, (std::vector<float>{4, 0, 4, 4, 0, 4}));
}

}  // namespace
}  // namespace headrace::model
