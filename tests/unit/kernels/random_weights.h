#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <vector>

#include "kernels/kernel_table.h"

namespace headrace::kernels {

inline constexpr WeightType kAllWeightTypes[] = {
    WeightType::F32,  WeightType::F16,  WeightType::BF16, WeightType::Q4_0, WeightType::Q4_1, WeightType::Q5_0,
    WeightType::Q5_1, WeightType::Q8_0, WeightType::Q4_K, WeightType::Q5_K, WeightType::Q6_K, WeightType::Q2_K,
    WeightType::Q3_K, WeightType::Q8_K, WeightType::IQ4_NL, WeightType::IQ4_XS, WeightType::MXFP4, WeightType::TQ1_0,
    WeightType::TQ2_0};
static_assert(std::size(kAllWeightTypes) == kWeightTypeCount);

/// Random rows of a type as a file has them: every bit of the quants and group scales is random, block
/// scales are finite, some of them zero, subnormal or large. Every fifth row has all bits of
/// their quants set, or only the top one (−128 for Q8_0 and Q8_K). MXFP4 has every exponent from 0 to 254.
std::vector<std::byte> random_rows(WeightType type, uint32_t outputs, uint32_t inputs, std::mt19937& random);

/// Random values of an ordinary spread; some rows zero, some tiny, one with outliers.
std::vector<float> random_values(uint32_t rows, uint32_t inputs, std::mt19937& random);

}  // namespace headrace::kernels
