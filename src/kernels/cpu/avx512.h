#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"

// A source that includes this is compiled for x86-64-v4 (or, in the tests, through an emulation
// of the intrinsics, in a namespace of its own): keep everything else in it inside an anonymous
// namespace, so that its object exports these names only.
#ifndef HEADRACE_AVX512
#define HEADRACE_AVX512 avx512
#endif

namespace headrace::kernels::HEADRACE_AVX512 {

#include "kernels/portable/tier_functions.h"

/// The bits of matmul by vpdpbusd, and the table that has it: for CPUs with AVX512_VNNI.
void matmul_vnni(const MatmulArgs& args);
uint64_t probe_products_vnni(WeightType type, uint32_t blocks);
extern const KernelTable kVnniTable;

namespace vnni {
/// The bits of the tier's own, with the products of int8 pages by vpdpwssd.
void attend(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride, float* out, size_t out_stride,
            uint32_t kv_head, uint32_t first_row, uint32_t last_row, float* scratch);
void attend_splits(const AttentionShape& shape, const AttentionRun& run, const float* queries, uint32_t kv_head, uint32_t first_split,
                   uint32_t last_split, float* parts, float* scratch);
}  // namespace vnni
/// The tier's functions as a table for CPUs with AVX512_VNNI.
consteval KernelTable vnni_table_of_tier(const char* name, decltype(KernelTable::matmul) product,
                                         decltype(KernelTable::probe_products) probe) {
  KernelTable table = table_of_tier(name, 16, product, probe);
  table.attend = vnni::attend;
  table.attend_splits = vnni::attend_splits;
  return table;
}

/// The same with vdpbf16ps for BF16 weights, whose activations are then pairs of bfloat16: for CPUs with AVX512_BF16.
size_t activation_bytes_bf16(ActivationFormat format, uint32_t inputs);
void quantize_bf16(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first, uint32_t count,
                   std::byte* row_bytes);
void matmul_bf16(const MatmulArgs& args);
uint64_t probe_products_bf16(WeightType type, uint32_t blocks);
extern const KernelTable kBf16Table;

}  // namespace headrace::kernels::HEADRACE_AVX512
