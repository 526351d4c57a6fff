#include "kernels/cpu/avx2.h"

#define HEADRACE_TIER HEADRACE_AVX2
#include "kernels/cpu/elementwise_by_lanes.h"
