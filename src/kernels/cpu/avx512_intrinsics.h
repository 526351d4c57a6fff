#pragma once

// AVX-512 by the compiler, or by an emulation where the tests build this tier for a CPU without it.
// HEADRACE_EMULATE_AVX512 is the header of that emulation.
#ifdef HEADRACE_EMULATE_AVX512
#include HEADRACE_EMULATE_AVX512
#else
#include <immintrin.h>
#endif
