#include "frame/operators/key_filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "arrays.h"

namespace headrace::frame {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<uint64_t> kept(KeyFilter& filter, const Array& keys) {
  std::vector<uint64_t> rows(keys.size());
  std::iota(rows.begin(), rows.end(), uint64_t{0});
  EXPECT_TRUE(filter.keep(keys, rows, process_budget()));
  return rows;
}

std::vector<std::optional<int64_t>> multiples(int64_t of, size_t count) {
  std::vector<std::optional<int64_t>> values;
  for (size_t i = 0; i < count; ++i) values.push_back(static_cast<int64_t>(i) * of);
  return values;
}

TEST(KeyFilter, OfWholeNumbersCloseTogetherItIsExact) {
  KeyFilter filter;
  ASSERT_TRUE(filter.build(fixed<int32_t>(TypeId::Int32, {-5, 3, std::nullopt, 900}), false, process_budget()));
  EXPECT_EQ(kept(filter, fixed<int32_t>(TypeId::Int32, {-6, -5, 3, 4, std::nullopt, 900, 901, INT32_MIN, INT32_MAX})),
            (std::vector<uint64_t>{1, 2, 5}));
  ASSERT_TRUE(filter.bounds());
  EXPECT_EQ(filter.bounds()->least.as_whole(), -5);
  EXPECT_EQ(filter.bounds()->greatest.as_whole(), 900);
}

TEST(KeyFilter, OfOthersItKeepsAllThatAreThereAndFewThatAreNot) {
  KeyFilter filter;
  const Array keys = fixed<int64_t>(TypeId::Int64, multiples(int64_t{1} << 40, 10000));
  ASSERT_TRUE(filter.build(keys, false, process_budget()));
  EXPECT_EQ(kept(filter, keys).size(), keys.size());
  const Array others = fixed<int64_t>(TypeId::Int64, multiples((int64_t{1} << 40) - 1, 10000));
  EXPECT_LT(kept(filter, others).size(), 500u);
}

TEST(KeyFilter, NanIsNanAndMinusZeroIsZeroAndFloatsHaveNoBounds) {
  KeyFilter filter;
  ASSERT_TRUE(filter.build(fixed<double>(TypeId::Float64, {-0.0, -kNan, 1.5}), false, process_budget()));
  EXPECT_EQ(kept(filter, fixed<double>(TypeId::Float64, {0.0, kNan, 1.5, -0.0})).size(), 4u);
  EXPECT_FALSE(filter.bounds());
}

TEST(KeyFilter, NullPassesOnlyWhereItIsEqualToOneThatIsThere) {
  const Array with_null = fixed<int64_t>(TypeId::Int64, {1, std::nullopt}), without = fixed<int64_t>(TypeId::Int64, {1});
  const Array asked = fixed<int64_t>(TypeId::Int64, {1, std::nullopt, 2});
  KeyFilter unequal, equal, absent;
  ASSERT_TRUE(unequal.build(with_null, false, process_budget()));
  ASSERT_TRUE(equal.build(with_null, true, process_budget()));
  ASSERT_TRUE(absent.build(without, true, process_budget()));
  EXPECT_EQ(kept(unequal, asked), (std::vector<uint64_t>{0}));
  EXPECT_EQ(kept(equal, asked), (std::vector<uint64_t>{0, 1}));
  EXPECT_EQ(kept(absent, asked), (std::vector<uint64_t>{0}));
  EXPECT_FALSE(equal.bounds());
}

TEST(KeyFilter, WithoutKeysNothingPasses) {
  KeyFilter filter;
  ASSERT_TRUE(filter.build(texts(TypeId::String, {}), false, process_budget()));
  EXPECT_TRUE(kept(filter, texts(TypeId::String, {"", "a", std::nullopt})).empty());
}

TEST(KeyFilter, StringsShortAndLongAreFound) {
  KeyFilter filter;
  const Array keys = texts(TypeId::String, {"a", "", "a string that has a block of its own", std::nullopt});
  ASSERT_TRUE(filter.build(keys, false, process_budget()));
  EXPECT_EQ(kept(filter, keys), (std::vector<uint64_t>{0, 1, 2}));
}

TEST(KeyFilter, IsNoLongerUsefulWhenItLetsMostRowsPass) {
  KeyFilter filter;
  const Array keys = fixed<int64_t>(TypeId::Int64, multiples(1, 100000));
  EXPECT_FALSE(filter.is_useful());
  ASSERT_TRUE(filter.build(keys, false, process_budget()));
  EXPECT_TRUE(filter.is_useful());
  EXPECT_EQ(kept(filter, keys).size(), keys.size());
  EXPECT_FALSE(filter.is_useful());
}

TEST(KeyFilter, WithoutMemoryItLetsEverythingPass) {
  KeyFilter filter;
  const auto budget = MemoryBudget::create("the test", 100);
  ASSERT_TRUE(filter.build(fixed<int64_t>(TypeId::Int64, multiples(int64_t{1} << 40, 10000)), false, budget));
  EXPECT_FALSE(filter.is_useful());
  EXPECT_FALSE(filter.bounds());
}

}  // namespace
}  // namespace headrace::frame
