#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace headrace::kernels {

/// How the numbers of a weight matrix are stored. The names and the byte layouts
/// are those of GGUF files.
enum class WeightType : uint8_t {
  F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K,
  Q2_K, Q3_K, Q8_K, IQ4_NL, IQ4_XS, MXFP4, TQ1_0, TQ2_0
};
inline constexpr int kWeightTypeCount = 19;

/// The form a matmul wants its input rows in, chosen by the weight's type.
enum class ActivationFormat : uint8_t {
  Float,   ///< f32 as it is (F32 and F16 weights)
  Int8x32,  ///< int8, one f32 scale for 32 values (weights in blocks of 32)
  Int8x256,  ///< int8, one f32 scale for 256 values, sums of 16 (weights in blocks of 256)
  BFloat16,  ///< rounded to bfloat16, in the form that the tier multiplies (BF16 weights)
};

struct WeightTypeInfo {
  const char* name;
  uint32_t block_width;  ///< values in a block; a row's length is a multiple of it
  uint32_t block_bytes;  ///< bytes of a block in the file
  ActivationFormat activation;
};
const WeightTypeInfo& info(WeightType type);
/// Bytes of one row of `inputs` values in the file's layout.
inline size_t file_row_bytes(WeightType type, size_t inputs) {
  return inputs / info(type).block_width * info(type).block_bytes;
}

/// A weight matrix in a tier's own tile layout: `outputs` rows of `inputs` values.
struct PackedWeight {
  WeightType type = WeightType::F32;
  uint32_t outputs = 0;
  uint32_t inputs = 0;
  const std::byte* data = nullptr;  ///< KernelTable::packed_bytes(type, outputs, inputs) bytes, 64-byte aligned
};

/// What a matmul does with a finished sum before it stores it.
enum class Epilogue : uint8_t {
  Store,     ///< out = sum (+ bias)
  Add,       ///< out += sum (+ bias): the residual stream
  SiluGate,  ///< out = silu(sum of weight) · (sum of weight_up)
  GeluGate,  ///< out = gelu_tanh(sum of weight) · (sum of weight_up)
};

/// One matrix product over a range of outputs: out[r][o] for r < rows and
/// o in [first_output, last_output). Ranges start at a multiple of
/// KernelTable::tile_outputs and end at one, or at the weight's last output.
struct MatmulArgs {
  PackedWeight weight;
  PackedWeight weight_up;            ///< for the gated epilogues: the second matrix, of the same type and shape
  const float* bias = nullptr;       ///< [outputs] or null
  const std::byte* activations = nullptr;  ///< rows in the weight type's ActivationFormat
  size_t activation_stride = 0;      ///< bytes between rows
  uint32_t rows = 0;
  float* out = nullptr;              ///< [rows][outputs], columns counted from output 0
  size_t out_stride = 0;             ///< floats between rows
  Epilogue epilogue = Epilogue::Store;
  uint32_t first_output = 0;
  uint32_t last_output = 0;
};

/// How keys and values lie in a page.
enum class KvFormat : uint8_t {
  Float16,  ///< as f16
  Int8,     ///< turned by Hadamard matrices, as int8, with a float scale for each token, head and side
};

const char* name(KvFormat format);  ///< "f16", "int8"
/// The format of that name. InvalidArgument lists the names.
Result<KvFormat> parse_kv_format(std::string_view name);

/// Head dimensions are at most this.
inline constexpr uint32_t kMostHeadDim = 512;

/// The heads of one attention layer.
struct AttentionShape {
  uint32_t query_heads = 0;
  uint32_t kv_heads = 0;    ///< divides query_heads
  uint32_t head_dim = 0;    ///< a multiple of 8, at most kMostHeadDim; of queries, keys and values
  float scale = 0;          ///< multiplies q·k
  float soft_cap = 0;       ///< s ← cap · tanh(s / cap) if > 0
  uint32_t window = 0;      ///< a row sees the last `window` positions, its own included; 0: all
  KvFormat format = KvFormat::Float16;
};

/// Tokens in a page of keys and values.
inline constexpr uint32_t kPageTokens = 16;
/// Attention over a longer context is split at absolute multiples of this many
/// positions and merged from left to right, whatever the threads or the batch.
inline constexpr uint32_t kAttentionSplit = 256;

/// Consecutive rows of one sequence: row r stands at position first_position + r
/// and sees positions 0 … its own (within the window). Keys and values of all of
/// them have been appended before attend is called.
struct AttentionRun {
  std::byte* pages_base = nullptr;  ///< page p of this layer lies at pages_base + p · page_stride
  size_t page_stride = 0;           ///< bytes between the same layer in consecutive pages
  const uint32_t* pages = nullptr;  ///< page table: position t is in page pages[t / kPageTokens]
  uint32_t first_position = 0;
  uint32_t rows = 0;
};

/// One split of one query head before it is joined: its maximum, its sum, and from
/// kSplitPartHeader on its weighted values [head_dim].
inline constexpr uint32_t kSplitPartHeader = 16;
[[gnu::always_inline]] inline size_t split_part_floats(const AttentionShape& shape) { return kSplitPartHeader + (shape.head_dim + 15u) / 16u * 16u; }

/// Which half of a head turns against which: (i, i + d/2) or (2i, 2i + 1).
enum class RopePairing : uint8_t { Halves, Neighbours };

/// Every numeric loop of one tier, as plain functions on raw memory. Nothing here
/// allocates, locks or throws; scratch is the caller's. The portable table is the
/// specification: every other table gives the same bytes (docs/design/0001; BF16 weights by AMX have an order of their own).
struct KernelTable {
  const char* name;        ///< that of its Isa
  uint32_t tile_outputs;   ///< outputs of a weight tile

  // Weights -------------------------------------------------------------------
  /// Bytes of a packed matrix, a multiple of 64.
  size_t (*packed_bytes)(WeightType type, uint32_t outputs, uint32_t inputs);
  /// Packs `count` rows in the file's layout into the matrix at `packed`, as outputs
  /// first_output …; first_output is a multiple of tile_outputs, and so is count
  /// unless these are the last rows. Disjoint calls may run side by side.
  void (*pack)(WeightType type, uint32_t outputs, uint32_t inputs, uint32_t first_output, uint32_t count,
               const std::byte* file_rows, std::byte* packed);
  /// Writes output row `output` as f32 [inputs]: an embedding look-up.
  void (*unpack_row)(const PackedWeight& weight, uint32_t output, float* row);

  // Activations ---------------------------------------------------------------
  /// Bytes of one row of `inputs` values in a format, a multiple of 64.
  size_t (*activation_bytes)(ActivationFormat format, uint32_t inputs);
  /// Converts values [first, first + count) of a row (a multiple of the format's
  /// block, so that threads can share a row) into `row_bytes`, the row's start.
  void (*quantize)(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first, uint32_t count,
                   std::byte* row_bytes);

  // Matrix product ------------------------------------------------------------
  void (*matmul)(const MatmulArgs& args);

  // Norms and elementwise -----------------------------------------------------
  /// out = x / sqrt(mean(x²) + epsilon) · weight; the mean runs on 16 lanes joined by
  /// one tree. `out` may be `x`.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, uint32_t count, float* out);
  /// out += x
  void (*add)(const float* x, uint32_t count, float* out);
  /// out *= factor
  void (*scale)(float factor, uint32_t count, float* out);
  /// Rotates `heads` heads of `head_dim` values in place by the angles whose
  /// cosines and sines are given: [head_dim / 2] each.
  void (*rope)(float* row, uint32_t heads, uint32_t head_dim, const float* cosines, const float* sines,
               RopePairing pairing);

  // Keys and values -----------------------------------------------------------
  /// Bytes of one page of one layer. Float16: K as [kv_heads][head_dim][kPageTokens] (keys lie
  /// transposed), then V as [kv_heads][kPageTokens][head_dim]. Int8: kernels/portable/int8_page.h.
  size_t (*page_bytes)(const AttentionShape& shape);
  /// Stores the keys and values of the run's rows: k and v point at row 0,
  /// [kv_heads · head_dim] each, `stride` floats apart.
  void (*append)(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
                 size_t stride);
  /// out[r][h] = softmax(q·K · scale) V for rows [first_row, last_row) of the run and
  /// the query heads of key-value head `kv_head`. Queries and outputs are
  /// [query_heads · head_dim] a row. `scratch` holds attend_scratch_floats(shape).
  void (*attend)(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride,
                 float* out, size_t out_stride, uint32_t kv_head, uint32_t first_row, uint32_t last_row,
                 float* scratch);
  size_t (*attend_scratch_floats)(const AttentionShape& shape);
  /// attend of a run's only row in parts, so that several threads can share a long context: the
  /// splits [first_split, last_split) (split s: positions from s · kAttentionSplit on; all within
  /// what the row sees) of the query heads of `kv_head`. Split s of the group's head g is left at
  /// parts + (s · group + g) · split_part_floats(shape). Queries are the row's, [query_heads · head_dim].
  void (*attend_splits)(const AttentionShape& shape, const AttentionRun& run, const float* queries, uint32_t kv_head,
                        uint32_t first_split, uint32_t last_split, float* parts, float* scratch);
  /// Joins these parts, all splits that the row sees: out[group · head_dim] has attend's bits.
  void (*join_splits)(const AttentionShape& shape, const float* parts, uint32_t first_split, uint32_t last_split,
                      float* out);

  // Over the vocabulary --------------------------------------------------------
  /// Index of the largest value, the lowest index on ties. NaN never wins.
  uint32_t (*argmax)(const float* values, uint32_t count);
  /// out[i] = exp(in[i] − maximum); returns their sum (16 lanes, one tree). May be in place.
  float (*exp_sum)(const float* in, float maximum, uint32_t count, float* out);
  /// x ← cap · tanh(x / cap)
  void (*soft_cap)(float cap, uint32_t count, float* values);

  // Roofs -----------------------------------------------------------------------
  /// Does the arithmetic of a matrix product over `blocks` blocks of the type, group scales and conversions included,
  /// on weights that never leave the registers. Returns how many multiplications and additions that were; 0 where the
  /// tier has no such loop.
  uint64_t (*probe_products)(WeightType type, uint32_t blocks);
  /// Reads memory as fast as plain loads go, and returns a sum of it. `bytes` is a multiple of 512.
  uint32_t (*probe_read)(const std::byte* data, size_t bytes);
};

/// The tiers of this build, best last.
enum class Isa : uint8_t { Portable, Avx2, Avx2Vnni, Avx512, Amx };
inline constexpr Isa kAllIsas[] = {Isa::Portable, Isa::Avx2, Isa::Avx2Vnni, Isa::Avx512, Isa::Amx};

/// Whether this CPU and its operating system can run a tier; those that run a better one need not run them all.
bool can_run(Isa isa);

/// Whether two tiers give the same bytes on a few small matrix products of each kind of arithmetic. A tier that has never
/// been seen on hardware is asked once, before it is used (can_run): a wrong answer would be worse than a slow one.
bool same_products(const KernelTable& one, const KernelTable& other);
bool same_products(const KernelTable& one, const KernelTable& other, WeightType type);

/// The same question about a type whose sums the two tiers take in different orders: whether they are close.
bool close_products(const KernelTable& one, const KernelTable& other, WeightType type);

/// The table of a tier. Unsupported if this CPU cannot run it. All of them give the same bytes, unless `fast`: where the CPU has
/// quicker arithmetic whose sums no other CPU has (AMX for BF16 weights), that is taken; batch, threads and chunks still change no bit.
Result<const KernelTable*> kernel_table(Isa isa, bool fast = false);
/// The tier that HEADRACE_ISA names, or else the best one this CPU has.
Result<Isa> default_isa();
/// "portable", "avx2", "avx2-vnni", "avx512", "amx", or "auto" for default_isa().
Result<Isa> parse_isa(std::string_view name);
const char* name(Isa isa);

}  // namespace headrace::kernels
