#include "kernels/cpu/avx512.h"

#define HEADRACE_LANES_512
#define HEADRACE_TIER HEADRACE_AVX512
#include "kernels/cpu/attention_by_lanes.h"
