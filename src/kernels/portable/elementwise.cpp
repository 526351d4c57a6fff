#include "kernels/math.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels::HEADRACE_PORTABLE {
namespace {

constexpr uint32_t kLanes = 16;

/// The tree over 16 lanes: l and l + 8, then l and l + 4, 2, 1.
float sum_of_lanes(float* lanes) {
  for (uint32_t width = kLanes / 2; width > 0; width /= 2) {
    for (uint32_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

void rotate(float& first, float& second, float cosine, float sine) {
  const float x = first;
  const float y = second;
  first = __builtin_fmaf(x, cosine, -(y * sine));
  second = __builtin_fmaf(y, cosine, x * sine);
}

}  // namespace

void rms_norm(const float* x, const float* weight, float epsilon, uint32_t count, float* out) {
  float lanes[kLanes] = {};
  for (uint32_t i = 0; i < count; ++i) lanes[i % kLanes] = __builtin_fmaf(x[i], x[i], lanes[i % kLanes]);
  const float mean = sum_of_lanes(lanes) / static_cast<float>(count);
  const float factor = 1.0f / __builtin_sqrtf(mean + epsilon);
  for (uint32_t i = 0; i < count; ++i) out[i] = (x[i] * factor) * weight[i];
}

void add(const float* x, uint32_t count, float* out) {
  for (uint32_t i = 0; i < count; ++i) out[i] += x[i];
}

void scale(float factor, uint32_t count, float* out) {
  for (uint32_t i = 0; i < count; ++i) out[i] *= factor;
}

void rope(float* row, uint32_t heads, uint32_t head_dim, const float* cosines, const float* sines,
          RopePairing pairing) {
  const uint32_t half = head_dim / 2;
  for (uint32_t head = 0; head < heads; ++head, row += head_dim) {
    for (uint32_t i = 0; i < half; ++i) {
      if (pairing == RopePairing::Halves) {
        rotate(row[i], row[i + half], cosines[i], sines[i]);
      } else {
        rotate(row[2 * i], row[2 * i + 1], cosines[i], sines[i]);
      }
    }
  }
}

uint32_t argmax(const float* values, uint32_t count) {
  uint32_t best = 0;
  while (best < count && values[best] != values[best]) ++best;
  if (best >= count) return 0;
  for (uint32_t i = best + 1; i < count; ++i) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

float exp_sum(const float* in, float maximum, uint32_t count, float* out) {
  float lanes[kLanes] = {};
  for (uint32_t i = 0; i < count; ++i) {
    out[i] = exact_expf(in[i] - maximum);
    lanes[i % kLanes] += out[i];
  }
  return sum_of_lanes(lanes);
}

void soft_cap(float cap, uint32_t count, float* values) {
  for (uint32_t i = 0; i < count; ++i) values[i] = cap * exact_tanhf(values[i] / cap);
}

void silu_gate(const float* up, uint32_t count, float* out) {
  for (uint32_t i = 0; i < count; ++i) out[i] = exact_siluf(out[i]) * up[i];
}

void gelu_gate(const float* up, uint32_t count, float* out) {
  for (uint32_t i = 0; i < count; ++i) out[i] = exact_geluf(out[i]) * up[i];
}

}  // namespace headrace::kernels::HEADRACE_PORTABLE
