#include "kernels/cpu/avx2.h"

#define HEADRACE_TIER HEADRACE_AVX2
#include "kernels/cpu/attention_by_lanes.h"
