// The functions of one tier, without #pragma once: each tier's header includes this inside a
// namespace of its own, so that the tiers cannot drift apart. What each does, its shapes and its
// bits: kernels/kernel_table.h.

// weights, quantize, matmul
size_t packed_bytes(WeightType type, uint32_t outputs, uint32_t inputs);
void pack(WeightType type, uint32_t outputs, uint32_t inputs, uint32_t first_output, uint32_t count,
          const std::byte* file_rows, std::byte* packed);
void unpack_row(const PackedWeight& weight, uint32_t output, float* row);
size_t activation_bytes(ActivationFormat format, uint32_t inputs);
void quantize(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first, uint32_t count,
              std::byte* row_bytes);
void matmul(const MatmulArgs& args);
// elementwise
void rms_norm(const float* x, const float* weight, float epsilon, uint32_t count, float* out);
void add(const float* x, uint32_t count, float* out);
void scale(float factor, uint32_t count, float* out);
void rope(float* row, uint32_t heads, uint32_t head_dim, const float* cosines, const float* sines,
          RopePairing pairing);
uint32_t argmax(const float* values, uint32_t count);
float exp_sum(const float* in, float maximum, uint32_t count, float* out);
void soft_cap(float cap, uint32_t count, float* values);
/// out = silu(out) · up (the gate of SiluGate and GeluGate, on finished sums): the bits of
/// exact_siluf and exact_geluf.
void silu_gate(const float* up, uint32_t count, float* out);
void gelu_gate(const float* up, uint32_t count, float* out);

// attention
size_t page_bytes(const AttentionShape& shape);
void append(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
            size_t stride);
void attend(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride,
            float* out, size_t out_stride, uint32_t kv_head, uint32_t first_row, uint32_t last_row,
            float* scratch);
size_t attend_scratch_floats(const AttentionShape& shape);
void attend_splits(const AttentionShape& shape, const AttentionRun& run, const float* queries, uint32_t kv_head,
                   uint32_t first_split, uint32_t last_split, float* parts, float* scratch);
void join_splits(const AttentionShape& shape, const float* parts, uint32_t first_split, uint32_t last_split, float* out);

// roofs
uint64_t probe_products(WeightType type, uint32_t blocks);
uint32_t probe_read(const std::byte* data, size_t bytes);

/// The functions above as a table; `product` is the tier's matmul, `probe` the roof of its products.
consteval KernelTable table_of_tier(const char* name, uint32_t tile_outputs, decltype(KernelTable::matmul) product,
                                    decltype(KernelTable::probe_products) probe = probe_products) {
  return {
      .name = name,
      .tile_outputs = tile_outputs,
      .packed_bytes = packed_bytes,
      .pack = pack,
      .unpack_row = unpack_row,
      .activation_bytes = activation_bytes,
      .quantize = quantize,
      .matmul = product,
      .rms_norm = rms_norm,
      .add = add,
      .scale = scale,
      .rope = rope,
      .page_bytes = page_bytes,
      .append = append,
      .attend = attend,
      .attend_scratch_floats = attend_scratch_floats,
      .attend_splits = attend_splits,
      .join_splits = join_splits,
      .argmax = argmax,
      .exp_sum = exp_sum,
      .soft_cap = soft_cap,
      .probe_products = probe,
      .probe_read = probe_read,
  };
}

extern const KernelTable kTable;
