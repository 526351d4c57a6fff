#pragma once

#include "kernels/kernel_table.h"

// The avx2 tier with the products of quantised weights and of int8 keys and values by AVX-VNNI: its tables, its
// tiles and all its other functions. A source that includes this is compiled for x86-64-v3 with AVX-VNNI (or, in the tests, through an
// emulation of it, in a namespace of its own): keep everything else in it inside an anonymous namespace, so
// that its object exports these names only.
#ifndef HEADRACE_AVX2_VNNI
#define HEADRACE_AVX2_VNNI avx2_vnni
#endif

namespace headrace::kernels::HEADRACE_AVX2_VNNI {

void matmul(const MatmulArgs& args);
/// The bits of the avx2 tier's, with the products of int8 pages by vpdpwssd.
void attend(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride, float* out, size_t out_stride,
            uint32_t kv_head, uint32_t first_row, uint32_t last_row, float* scratch);
void attend_splits(const AttentionShape& shape, const AttentionRun& run, const float* queries, uint32_t kv_head, uint32_t first_split,
                   uint32_t last_split, float* parts, float* scratch);
uint64_t probe_products(WeightType type, uint32_t blocks);
extern const KernelTable kTable;

}  // namespace headrace::kernels::HEADRACE_AVX2_VNNI
