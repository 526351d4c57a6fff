#include "tensor/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace headrace::tensor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// float32 0, 1, 2, … in this shape.
Tensor counting(std::vector<int64_t> shape) {
  Tensor tensor = *Tensor::zeros(DataType::Float32, std::move(shape));
  std::iota(tensor.as<float>(), tensor.as<float>() + tensor.elements(), 0.0f);
  return tensor;
}

std::vector<float> values(const Tensor& tensor) {
  const Tensor copy = *tensor.row_major();
  return {copy.as<float>(), copy.as<float>() + copy.elements()};
}

TEST(Tensor, begins_as_row_major_zeros) {
  const auto tensor = Tensor::zeros(DataType::Float16, {2, 3, 4});
  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_THAT(tensor->shape(), ElementsAre(2, 3, 4));
  EXPECT_THAT(tensor->strides(), ElementsAre(12, 4, 1));
  EXPECT_EQ(tensor->elements(), 24);
  EXPECT_TRUE(tensor->is_row_major());
  EXPECT_EQ(tensor->as<uint16_t>()[23], 0);
  EXPECT_STREQ(name(tensor->type()), "float16");
}

TEST(Tensor, shares_memory_between_views) {
  const Tensor tensor = counting({3, 4});
  const Tensor row = *tensor.select(0, 1);
  EXPECT_THAT(values(row), ElementsAre(4, 5, 6, 7));
  row.as<float>()[0] = 40;
  EXPECT_EQ(tensor.as<float>()[4], 40);
}

TEST(Tensor, slices_selects_and_transposes) {
  const Tensor tensor = counting({3, 4});
  EXPECT_THAT(values(*tensor.slice(1, 1, 3)), ElementsAre(1, 2, 5, 6, 9, 10));
  EXPECT_THAT(values(*tensor.select(1, 2)), ElementsAre(2, 6, 10));
  const Tensor turned = *tensor.transpose(0, 1);
  EXPECT_FALSE(turned.is_row_major());
  EXPECT_THAT(values(*turned.slice(0, 0, 2)), ElementsAre(0, 4, 8, 1, 5, 9));
  EXPECT_TRUE(tensor.slice(0, 1, 3)->is_row_major());
  EXPECT_EQ(tensor.slice(0, 2, 2)->elements(), 0);
}

TEST(Tensor, takes_another_shape_of_as_many_elements) {
  const Tensor tensor = counting({3, 4});
  EXPECT_THAT(tensor.reshape({2, 6})->strides(), ElementsAre(6, 1));
  EXPECT_THAT(tensor.reshape({5, 2}).error().message, HasSubstr("12 elements"));
  EXPECT_THAT(tensor.transpose(0, 1)->reshape({12}).error().message, HasSubstr("row_major()"));
}

TEST(Tensor, refuses_what_is_out_of_range) {
  const Tensor tensor = counting({3, 4});
  EXPECT_THAT(tensor.slice(0, 1, 4).error().message, HasSubstr("which has 3"));
  EXPECT_FALSE(tensor.slice(0, 2, 1));
  EXPECT_FALSE(tensor.select(1, 4));
  EXPECT_FALSE(tensor.select(1, -1));
  EXPECT_THAT(tensor.select(2, 0).error().message, HasSubstr("dimension 2"));
  EXPECT_FALSE(tensor.transpose(0, 2));
  EXPECT_FALSE(Tensor::zeros(DataType::Float32, {-1}));
  EXPECT_EQ(Tensor::zeros(DataType::Float32, {INT64_MAX, INT64_MAX}).error().kind, ErrorKind::OutOfRange);
}

TEST(Tensor, lies_over_memory_that_is_large_enough) {
  float memory[6] = {1, 2, 3, 4, 5, 6};
  bool released = false;
  {
    const Buffer buffer = Buffer::foreign(reinterpret_cast<std::byte*>(memory), sizeof(memory), [&] { released = true; });
    const auto tensor = Tensor::over(buffer, DataType::Float32, {2, 3});
    ASSERT_TRUE(tensor);
    EXPECT_EQ(tensor->as<float>(), memory);
    EXPECT_FALSE(Tensor::over(buffer, DataType::Float32, {7}));
  }
  EXPECT_TRUE(released);
}

}  // namespace
}  // namespace headrace::tensor
