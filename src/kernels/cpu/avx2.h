#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

// A source that includes this is compiled for x86-64-v3: keep everything else in it inside an
// anonymous namespace, so that its object exports these names only.
#ifndef HEADRACE_AVX2
#define HEADRACE_AVX2 avx2
#endif

namespace headrace::kernels::HEADRACE_AVX2 {

#include "kernels/portable/tier_functions.h"

}  // namespace headrace::kernels::HEADRACE_AVX2
