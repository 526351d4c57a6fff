#include "kernels/cpu/avx2_vnni.h"
#include "kernels/cpu/avx2_vnni_intrinsics.h"

#define HEADRACE_VNNI_ATTENTION
#define HEADRACE_TIER HEADRACE_AVX2_VNNI
#include "kernels/cpu/attention_by_lanes.h"
