#pragma once

// AVX-VNNI on CPUs without it, for the tests. The names are macros, because the compiler's own header
// already declares them.

#include "dot_product.h"

#define _mm256_dpbusd_avx_epi32 emulated_dot_product
#define _mm256_dpwssd_avx_epi32 emulated_word_product
