#include "model/gguf/tensor_types.h"

namespace headrace::model {
namespace {

using kernels::WeightType;

constexpr TensorType kTypes[] = {
    {0, "F32", 1, 4, WeightType::F32},
    {1, "F16", 1, 2, WeightType::F16},
    {2, "Q4_0", 32, 18, WeightType::Q4_0},
    {3, "Q4_1", 32, 20, WeightType::Q4_1},
    {4, "Q4_2", 0, 0, {}},
    {5, "Q4_3", 0, 0, {}},
    {6, "Q5_0", 32, 22, WeightType::Q5_0},
    {7, "Q5_1", 32, 24, WeightType::Q5_1},
    {8, "Q8_0", 32, 34, WeightType::Q8_0},
    {9, "Q8_1", 32, 36, {}},
    {10, "Q2_K", 256, 84, WeightType::Q2_K},
    {11, "Q3_K", 256, 110, WeightType::Q3_K},
    {12, "Q4_K", 256, 144, WeightType::Q4_K},
    {13, "Q5_K", 256, 176, WeightType::Q5_K},
    {14, "Q6_K", 256, 210, WeightType::Q6_K},
    {15, "Q8_K", 256, 292, WeightType::Q8_K},
    {16, "IQ2_XXS", 256, 66, {}},
    {17, "IQ2_XS", 256, 74, {}},
    {18, "IQ3_XXS", 256, 98, {}},
    {19, "IQ1_S", 256, 50, {}},
    {20, "IQ4_NL", 32, 18, WeightType::IQ4_NL},
    {21, "IQ3_S", 256, 110, {}},
    {22, "IQ2_S", 256, 82, {}},
    {23, "IQ4_XS", 256, 136, WeightType::IQ4_XS},
    {24, "I8", 1, 1, {}},
    {25, "I16", 1, 2, {}},
    {26, "I32", 1, 4, {}},
    {27, "I64", 1, 8, {}},
    {28, "F64", 1, 8, {}},
    {29, "IQ1_M", 256, 56, {}},
    {30, "BF16", 1, 2, WeightType::BF16},
    {31, "Q4_0_4_4", 0, 0, {}},
    {32, "Q4_0_4_8", 0, 0, {}},
    {33, "Q4_0_8_8", 0, 0, {}},
    {34, "TQ1_0", 256, 54, WeightType::TQ1_0},
    {35, "TQ2_0", 256, 66, WeightType::TQ2_0},
    {36, "IQ4_NL_4_4", 0, 0, {}},
    {37, "IQ4_NL_4_8", 0, 0, {}},
    {38, "IQ4_NL_8_8", 0, 0, {}},
    {39, "MXFP4", 32, 17, WeightType::MXFP4},
    {40, "NVFP4", 64, 36, {}},
    {41, "Q1_0", 128, 18, {}},
};

}  // namespace

const TensorType* tensor_type(uint32_t code) {
  if (code >= std::size(kTypes)) return nullptr;
  return &kTypes[code];
}

}  // namespace headrace::model
