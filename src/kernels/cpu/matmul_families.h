// The matrix products of each family of quantised weights, one source each, without #pragma once: a tier's header
// includes this inside a namespace of its own, once for each instruction set that it has products by.

void matmul_legacy(const MatmulArgs& args);
void matmul_k(const MatmulArgs& args);
void matmul_small_k(const MatmulArgs& args);
void matmul_tables(const MatmulArgs& args);
void matmul_wide(const MatmulArgs& args);

/// The product by the function of the weight's family; `floats` is that of float weights.
[[gnu::always_inline]] static inline void matmul_by_family(const MatmulArgs& args, decltype(KernelTable::matmul) floats) {
  switch (family_of(args.weight.type)) {
    case WeightFamily::Floats: return floats(args);
    case WeightFamily::Legacy: return matmul_legacy(args);
    case WeightFamily::K: return matmul_k(args);
    case WeightFamily::SmallK: return matmul_small_k(args);
    case WeightFamily::Tables: return matmul_tables(args);
    case WeightFamily::Wide: return matmul_wide(args);
  }
}
