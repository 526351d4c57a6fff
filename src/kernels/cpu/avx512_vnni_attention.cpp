#include "kernels/cpu/avx512.h"

#define HEADRACE_LANES_512
#define HEADRACE_VNNI_ATTENTION
#define HEADRACE_TIER HEADRACE_AVX512::vnni
#include "kernels/cpu/attention_by_lanes.h"
