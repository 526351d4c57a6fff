#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/kernel_table.h"

namespace headrace::kernels {
namespace {

// How the fast tiers lay weights out: in tiles of N outputs (N lanes of 32 bits), each of them
//   bodies: for each block, `body_words` vectors of N 32-bit words, one word of every output;
//   halves: for each block, the N f16 scales and, where the type has them, the N f16 minimums;
// and so as many bytes as the file has. A word is four bytes of an output's block just as the
// file has them, which is four consecutive inputs (Q8_0) or twice four (nibbles: low halves and
// high halves): the groups that a multiply-and-add of bytes sums in one lane. So packing is a
// transposition of words; only the fifth bits of Q5_0 and Q5_1 are put in another order, and the
// blocks of a few types are rearranged first (is_rearranged in tile_weights.h).
// Float weights are N values for each input, but for BF16 whose words are two consecutive inputs of an
// output, filled up with zeros to whole blocks of 32 inputs. A last tile is filled up with zeros.

/// Of a rearranged type's block, what is said about the file's holds for the rearranged one.
struct BlockLayout {
  uint32_t width;         ///< inputs of a block
  uint32_t body_offset;   ///< of the words in the file's block
  uint32_t body_words;
  uint32_t scale_offset;  ///< of the f16 scale in the file's block; a minimum follows it
  uint32_t halves;        ///< f16 numbers of a block: 1 or 2, or one of 32 bits (Q8_K) in the place of 2
};

[[gnu::always_inline]] inline constexpr BlockLayout block_layout(WeightType type) {
  switch (type) {
    case WeightType::Q4_0: return {32, 2, 4, 0, 1};
    case WeightType::Q4_1: return {32, 4, 4, 0, 2};
    case WeightType::Q5_0: return {32, 2, 5, 0, 1};
    case WeightType::Q5_1: return {32, 4, 5, 0, 2};
    case WeightType::Q8_0: return {32, 2, 8, 0, 1};
    case WeightType::Q4_K: return {256, 4, 35, 0, 2};
    case WeightType::Q5_K: return {256, 4, 43, 0, 2};
    case WeightType::Q6_K: return {256, 0, 52, 208, 1};
    case WeightType::Q2_K: return {256, 0, 20, 80, 2};
    case WeightType::Q3_K: return {256, 0, 27, 108, 1};
    case WeightType::Q8_K: return {256, 4, 64, 0, 2};
    case WeightType::IQ4_NL: return {32, 2, 4, 0, 1};
    case WeightType::IQ4_XS: return {256, 0, 34, 136, 1};  // rearranged
    case WeightType::MXFP4: return {32, 2, 4, 0, 1};  // rearranged
    case WeightType::TQ1_0: case WeightType::TQ2_0: return {256, 0, 16, 64, 1};  // TQ1_0: rearranged
    default: return {1, 0, 0, 0, 0};
  }
}

/// Whether a block's scale is an f32, which takes the place of two halves.
[[gnu::always_inline]] inline constexpr bool has_wide_scale(WeightType type) { return type == WeightType::Q8_K; }

[[gnu::always_inline]] inline constexpr uint32_t float_bytes(WeightType type) {
  return type == WeightType::F32 ? 4 : 2;
}

/// Inputs of BF16 weights that AMX takes at once.
constexpr uint32_t kBfloatBlock = 32;

[[gnu::always_inline]] inline constexpr bool is_float(WeightType type) {
  return type == WeightType::F32 || type == WeightType::F16 || type == WeightType::BF16;
}

/// The types whose products are compiled together, one source each.
enum class WeightFamily : uint8_t { Floats, Legacy, K, SmallK, Tables, Wide };
[[gnu::always_inline]] inline constexpr WeightFamily family_of(WeightType type) {
  switch (type) {
    case WeightType::F32: case WeightType::F16: case WeightType::BF16: return WeightFamily::Floats;
    case WeightType::Q4_K: case WeightType::Q5_K: case WeightType::Q6_K: return WeightFamily::K;
    case WeightType::Q2_K: case WeightType::Q3_K: return WeightFamily::SmallK;
    case WeightType::IQ4_NL: case WeightType::IQ4_XS: case WeightType::MXFP4: return WeightFamily::Tables;
    case WeightType::TQ1_0: case WeightType::TQ2_0: case WeightType::Q8_K: return WeightFamily::Wide;
    default: return WeightFamily::Legacy;
  }
}

/// The type whose products a packed weight has.
[[gnu::always_inline]] inline constexpr WeightType packed_as(WeightType type) {
  return type == WeightType::TQ1_0 ? WeightType::TQ2_0 : type;
}

/// Calls function.operator()<W>() for the W that `type` is.
template <class Function>
[[gnu::always_inline]] inline void with_type(WeightType type, Function function) {
  [&]<size_t... kTypes>(std::index_sequence<kTypes...>) __attribute__((always_inline)) {
    ((static_cast<size_t>(type) == kTypes ? function.template operator()<static_cast<WeightType>(kTypes)>() : void()), ...);
  }(std::make_index_sequence<kWeightTypeCount>());
}

/// Bytes of a tile's bodies: where its halves begin.
template <uint32_t N>
[[gnu::always_inline]] inline constexpr size_t tile_body_bytes(WeightType type, uint32_t inputs) {
  const BlockLayout layout = block_layout(type);
  return size_t{inputs} / layout.width * layout.body_words * 4 * N;
}

/// Bytes from one tile to the next.
template <uint32_t N>
[[gnu::always_inline]] inline constexpr size_t tile_bytes(WeightType type, uint32_t inputs) {
  if (type == WeightType::BF16) return size_t{inputs + kBfloatBlock - 1} / kBfloatBlock * kBfloatBlock * 2 * N;
  if (is_float(type)) return (size_t{inputs} * N * float_bytes(type) + 63) / 64 * 64;
  const BlockLayout layout = block_layout(type);
  const size_t halves = size_t{inputs} / layout.width * layout.halves * 2 * N;
  return (tile_body_bytes<N>(type, inputs) + halves + 63) / 64 * 64;
}

}  // namespace
}  // namespace headrace::kernels
