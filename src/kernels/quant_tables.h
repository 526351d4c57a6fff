#pragma once

#include <cstdint>

namespace headrace::kernels {
namespace {

// The numbers that 4-bit quants stand for in the types that look them up.

/// IQ4_NL and IQ4_XS.
constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
/// MXFP4: twice what E2M1 has, so that they are whole numbers; the scale is half of what E8M0 has.
constexpr int8_t kMxfp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace
}  // namespace headrace::kernels
