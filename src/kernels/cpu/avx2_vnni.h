#pragma once

#include "kernels/kernel_table.h"

// The avx2 tier with the products of quantised weights by AVX-VNNI: its tables, its tiles and all its other
// functions. A source that includes this is compiled for x86-64-v3 with AVX-VNNI (or, in the tests, through an
// emulation of it, in a namespace of its own): keep everything else in it inside an anonymous namespace, so
// that its object exports these names only.
#ifndef HEADRACE_AVX2_VNNI
#define HEADRACE_AVX2_VNNI avx2_vnni
#endif

namespace headrace::kernels::HEADRACE_AVX2_VNNI {

void matmul(const MatmulArgs& args);
uint64_t probe_products(WeightType type, uint32_t blocks);
extern const KernelTable kTable;

}  // namespace headrace::kernels::HEADRACE_AVX2_VNNI
