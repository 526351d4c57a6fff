#pragma once

// AVX-512 by the compiler, or by an emulation where the tests build this tier for a CPU without it.
#ifdef HEADRACE_EMULATE_AVX512
#include "emulation/avx512.h"
#else
#include <immintrin.h>
#endif
