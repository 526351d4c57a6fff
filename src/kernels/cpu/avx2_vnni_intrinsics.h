#pragma once

// AVX-VNNI by the compiler, or by an emulation where the tests build this tier for a CPU without it.
// HEADRACE_EMULATE_AVX_VNNI is the header of that emulation.
#ifdef HEADRACE_EMULATE_AVX_VNNI
#include HEADRACE_EMULATE_AVX_VNNI
#else
#include <immintrin.h>
#endif
