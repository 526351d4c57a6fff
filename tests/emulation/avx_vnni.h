#pragma once

// AVX-VNNI on CPUs without it, for the tests. The name is a macro, because the compiler's own header
// already declares it.

#include "dot_product.h"

#define _mm256_dpbusd_avx_epi32 emulated_dot_product
