#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

// The portable tier is compiled twice, for any x86-64 and for x86-64-v3 (where fma is an
// instruction); both give the same bits. HEADRACE_PORTABLE names the namespace of one build.
#ifndef HEADRACE_PORTABLE
#define HEADRACE_PORTABLE portable
#endif

namespace headrace::kernels::HEADRACE_PORTABLE {

#include "kernels/portable/tier_functions.h"

}  // namespace headrace::kernels::HEADRACE_PORTABLE
