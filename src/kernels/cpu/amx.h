#pragma once

#include "kernels/kernel_table.h"

// The avx512 tier (with VNNI) with the products of K types and many rows by AMX: its tables, its tiles
// and all its other functions. A source that includes this is compiled for x86-64-v4 with AMX (or, in the
// tests, through an emulation of it, in a namespace of its own): keep everything else in it inside an
// anonymous namespace, so that its object exports these names only.
#ifndef HEADRACE_AMX
#define HEADRACE_AMX amx
#endif

namespace headrace::kernels::HEADRACE_AMX {

void matmul(const MatmulArgs& args);
uint64_t probe_products(WeightType type, uint32_t blocks);
extern const KernelTable kTable;

/// With AMX-BF16 for BF16 weights, at any number of rows (docs/design/0012): for CPUs that have AVX512_BF16 as well, and bits
/// that no other tier has.
void matmul_bf16(const MatmulArgs& args);
uint64_t probe_products_bf16(WeightType type, uint32_t blocks);
extern const KernelTable kBf16Table;

}  // namespace headrace::kernels::HEADRACE_AMX
