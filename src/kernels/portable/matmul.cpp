#include <cmath>

#include "kernels/activation_block.h"
#include "kernels/portable/blocks.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels::HEADRACE_PORTABLE {
namespace {

/// Rows whose sums are held at once, so that a weight block is taken apart once for all of them.
constexpr uint32_t kRowsAtOnce = 32;

constexpr float kSmallestNormal = 0x1p-126f;

struct Rows {
  const std::byte* first;
  size_t stride;
  uint32_t count;
  const std::byte* operator[](uint32_t row) const { return first + row * stride; }
};

template <class Value>
int32_t dot(const int16_t* weights, const Value* values, uint32_t count) {
  int32_t total = 0;
  for (uint32_t i = 0; i < count; ++i) total += weights[i] * values[i];
  return total;
}

void sum_floats(WeightType type, const std::byte* weights, uint32_t inputs, Rows rows, float* sums) {
  for (uint32_t i = 0; i < inputs; ++i) {
    const float weight = read_float(type, weights, i);
    for (uint32_t r = 0; r < rows.count; ++r)
      sums[r] = std::fma(weight, reinterpret_cast<const float*>(rows[r])[i], sums[r]);
  }
}

/// What is subnormal as a zero with its sign, as vdpbf16ps takes and leaves it.
float flushed(float value) { return std::fabs(value) < kSmallestNormal ? std::copysign(0.0f, value) : value; }

/// sum + weight · value, rounded once. What would be subnormal with an exponent of any size is flushed: not what is
/// the smallest normal number only because it was rounded as a subnormal one.
float add_flushed(float weight, float value, float sum) {
  const float result = std::fma(weight, value, sum);
  if (!(std::fabs(result) <= kSmallestNormal)) return result;
  const double exact = double{weight} * value + sum;
  return std::fabs(exact) < kSmallestNormal * (1 - 0x1p-25) ? std::copysign(0.0f, result) : result;
}

/// Two inputs at a time, the second before the first.
void sum_bfloats(const std::byte* weights, uint32_t inputs, Rows rows, float* sums) {
  for (uint32_t i = 0; i < inputs; i += 2) {
    const float first = flushed(read_float(WeightType::BF16, weights, i));
    const float second = i + 1 < inputs ? flushed(read_float(WeightType::BF16, weights, i + 1)) : 0.0f;
    for (uint32_t r = 0; r < rows.count; ++r) {
      const float* values = reinterpret_cast<const float*>(rows[r]) + i;
      sums[r] = add_flushed(first, values[0], add_flushed(second, values[1], sums[r]));
    }
  }
}

void sum_legacy(WeightType type, const std::byte* weights, uint32_t inputs, Rows rows, float* sums) {
  const size_t block_bytes = info(type).block_bytes;
  const int32_t offset = quant_offset(type);
  for (uint32_t b = 0; b < inputs / 32; ++b) {
    const LegacyBlock block = read_legacy_block(type, weights + b * block_bytes);
    for (uint32_t r = 0; r < rows.count; ++r) {
      const BlockOf32& row = reinterpret_cast<const BlockOf32*>(rows[r])[b];
      const int32_t product = dot(block.quants, row.values, 32) - offset * row.sum;
      sums[r] = std::fma(block.scale * row.scale, static_cast<float>(product), sums[r]);
      if (has_minimum(type)) sums[r] = std::fma(block.minimum, row.scaled_sum, sums[r]);
    }
  }
}

/// Σ_j scale_j (Σ quant · value − offset · Σ value) over the block's groups.
int32_t scaled_dot(WeightType type, const KBlock& block, const BlockOf256& row) {
  const uint32_t width = group_width(type);
  int32_t total = 0;
  for (uint32_t j = 0; j < 256 / width; ++j) {
    int32_t group = dot(block.quants + j * width, row.values + j * width, width);
    if (type == WeightType::Q6_K) group -= quant_offset(type) * row.sums_of_16[j];
    total += block.group_scales[j] * group;
  }
  return total;
}

void sum_k(WeightType type, const std::byte* weights, uint32_t inputs, Rows rows, float* sums) {
  const size_t block_bytes = info(type).block_bytes;
  for (uint32_t b = 0; b < inputs / 256; ++b) {
    const KBlock block = read_k_block(type, weights + b * block_bytes);
    for (uint32_t r = 0; r < rows.count; ++r) {
      const BlockOf256& row = reinterpret_cast<const BlockOf256*>(rows[r])[b];
      const int32_t product = scaled_dot(type, block, row);
      sums[r] = std::fma(block.scale * row.scale, static_cast<float>(product), sums[r]);
      if (!has_minimum(type)) continue;
      const int32_t minimums = group_width(type) == 16 ? dot(block.group_minimums, row.sums_of_16, 16)
                                                       : dot(block.group_minimums, row.sums_of_32, 8);
      sums[r] = std::fma(-(block.minimum_scale * row.scale), static_cast<float>(minimums), sums[r]);
    }
  }
}

/// The sums of one output for up to kRowsAtOnce rows.
void sum_output(const PackedWeight& weight, uint32_t output, Rows rows, float* sums) {
  for (uint32_t r = 0; r < rows.count; ++r) sums[r] = 0;
  const std::byte* at = weight.data + output * file_row_bytes(weight.type, weight.inputs);
  switch (info(weight.type).activation) {
    case ActivationFormat::Float: return sum_floats(weight.type, at, weight.inputs, rows, sums);
    case ActivationFormat::Int8x32: return sum_legacy(weight.type, at, weight.inputs, rows, sums);
    case ActivationFormat::Int8x256: return sum_k(weight.type, at, weight.inputs, rows, sums);
    case ActivationFormat::BFloat16: return sum_bfloats(at, weight.inputs, rows, sums);
  }
}

void store(Epilogue epilogue, float sum, float up, float* out) {
  switch (epilogue) {
    case Epilogue::Store: *out = sum; return;
    case Epilogue::Add: *out += sum; return;
    case Epilogue::SiluGate: silu_gate(&up, 1, &(*out = sum)); return;
    case Epilogue::GeluGate: gelu_gate(&up, 1, &(*out = sum)); return;
  }
}

}  // namespace

void matmul(const MatmulArgs& args) {
  const bool gated = args.epilogue == Epilogue::SiluGate || args.epilogue == Epilogue::GeluGate;
  for (uint32_t first = 0; first < args.rows; first += kRowsAtOnce) {
    const Rows rows{args.activations + first * args.activation_stride, args.activation_stride,
                    args.rows - first < kRowsAtOnce ? args.rows - first : kRowsAtOnce};
    for (uint32_t o = args.first_output; o < args.last_output; ++o) {
      float sums[kRowsAtOnce];
      float up_sums[kRowsAtOnce] = {};
      sum_output(args.weight, o, rows, sums);
      if (gated) sum_output(args.weight_up, o, rows, up_sums);
      for (uint32_t r = 0; r < rows.count; ++r) {
        if (args.bias != nullptr) sums[r] += args.bias[o];
        store(args.epilogue, sums[r], up_sums[r], args.out + (first + r) * args.out_stride + o);
      }
    }
  }
}

}  // namespace headrace::kernels::HEADRACE_PORTABLE
