#pragma once

#include <cstring>

#include "kernels/cpu/tile_layout.h"
#include "kernels/portable/blocks.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels {
namespace {

/// Bytes of the largest block, as the file has it or rearranged.
constexpr size_t kMostBlockBytes = 292;

template <int kShift>
[[gnu::always_inline]] inline uint32_t swap_bits(uint32_t bits, uint32_t mask) {
  const uint32_t swap = (bits ^ (bits >> kShift)) & mask;
  return bits ^ swap ^ (swap << kShift);
}

/// Bit 4g + b to bit 8b + g: the fifth bits of a block, which the file has in the order of its
/// inputs, so that byte b of the word holds at bit g that of input 4g + b.
[[gnu::always_inline]] inline uint32_t fifth_bits_by_group(uint32_t bits) {
  bits = swap_bits<3>(bits, 0x0a0a0a0au);
  bits = swap_bits<6>(bits, 0x00cc00ccu);
  bits = swap_bits<8>(bits, 0x0000ff00u);
  return swap_bits<4>(bits, 0x00f000f0u);
}

[[gnu::always_inline]] inline uint32_t fifth_bits_by_input(uint32_t bits) {
  bits = swap_bits<4>(bits, 0x00f000f0u);
  bits = swap_bits<8>(bits, 0x0000ff00u);
  bits = swap_bits<6>(bits, 0x00cc00ccu);
  return swap_bits<3>(bits, 0x0a0a0a0au);
}

[[gnu::always_inline]] inline bool has_fifth_bits_first(WeightType type) {
  return type == WeightType::Q5_0 || type == WeightType::Q5_1;
}

/// The types whose blocks are packed in another form than the file's.
[[gnu::always_inline]] inline bool is_rearranged(WeightType type) {
  return type == WeightType::IQ4_XS || type == WeightType::MXFP4 || type == WeightType::TQ1_0;
}

/// Writes a block of a rearranged type in the form that its BlockLayout describes: IQ4_XS with its
/// scales as bytes (8 bytes, 128 of quants, the block's scale); MXFP4 with its scale in bfloat16
/// (which has all of E8M0's powers, and f16 has not); TQ1_0 as TQ2_0, for base 3 is too dear to be taken apart
/// at every product.
inline void rearrange(WeightType type, const std::byte* file, std::byte* to) {
  if (type == WeightType::IQ4_XS) {
    int16_t scales[8];
    read_iq4_xs_scales(file, scales);
    for (int j = 0; j < 8; ++j) to[j] = static_cast<std::byte>(scales[j]);
    std::memcpy(to + 8, file + 8, 128);
    std::memcpy(to + 136, file, 2);
  } else if (type == WeightType::MXFP4) {
    const uint16_t scale = half_of_e8m0(static_cast<uint8_t>(file[0]));
    std::memcpy(to, &scale, 2);
    std::memcpy(to + 2, file + 1, 16);
  } else {
    const KBlock block = read_tq1_0(file);
    const auto digit = [&](int i) { return (block.quants[i] + 1) << (i % 128 / 32 * 2); };
    for (int half = 0; half < 256; half += 128)
      for (int i = half; i < half + 32; ++i)
        to[half / 4 + i - half] = static_cast<std::byte>(digit(i) | digit(i + 32) | digit(i + 64) | digit(i + 96));
    std::memcpy(to + 64, file + 52, 2);
  }
}

/// The way back, of the types whose blocks unpack_output wants in the file's form.
inline void arrange_back(WeightType type, const std::byte* from, std::byte* file) {
  if (type == WeightType::IQ4_XS) {
    std::memcpy(file, from + 136, 2);
    write_iq4_xs_scales(reinterpret_cast<const int8_t*>(from), file);
    std::memcpy(file + 8, from + 8, 128);
  } else {
    uint16_t scale;
    std::memcpy(&scale, from, 2);
    file[0] = static_cast<std::byte>(scale < 0x80 ? scale >> 6 : (scale >> 7) + 1);
    std::memcpy(file + 1, from + 2, 16);
  }
}

/// One block of up to N outputs; `file` points at the block of the first of them.
template <uint32_t N>
void pack_block(WeightType type, BlockLayout layout, uint32_t outputs, const std::byte* file, size_t row_bytes,
                std::byte* body, std::byte* halves) {
  const bool fifth_bits = has_fifth_bits_first(type);
  std::byte rearranged[kMostBlockBytes];
  for (uint32_t o = 0; o < outputs; ++o, file += row_bytes) {
    if (is_rearranged(type)) rearrange(type, file, rearranged);
    const std::byte* block = is_rearranged(type) ? rearranged : file;
    std::byte* at = body + o * 4;
    for (uint32_t word = 0; word < layout.body_words; ++word, at += N * 4) {
      uint32_t bits;
      std::memcpy(&bits, block + layout.body_offset + word * 4, 4);
      if (fifth_bits && word == 0) bits = fifth_bits_by_group(bits);
      std::memcpy(at, &bits, 4);
    }
    if (has_wide_scale(type)) {
      std::memcpy(halves + o * 4, block + layout.scale_offset, 4);
      continue;
    }
    for (uint32_t half = 0; half < layout.halves; ++half)
      std::memcpy(halves + (half * N + o) * 2, block + layout.scale_offset + half * 2, 2);
  }
}

/// Where a tile of floats has an input of an output.
template <uint32_t N>
[[gnu::always_inline]] inline size_t float_offset(WeightType type, uint32_t input, uint32_t lane) {
  if (type == WeightType::BF16) return (size_t{input / 2} * N + lane) * 4 + input % 2 * 2;
  return (size_t{input} * N + lane) * float_bytes(type);
}

template <uint32_t N>
void pack_bfloats(uint32_t inputs, uint32_t outputs, const std::byte* file_rows, std::byte* tile) {
  for (uint32_t o = 0; o < outputs; ++o, file_rows += size_t{inputs} * 2) {
    for (uint32_t i = 0; i + 2 <= inputs; i += 2)
      std::memcpy(tile + float_offset<N>(WeightType::BF16, i, o), file_rows + size_t{i} * 2, 4);
    if (inputs % 2 != 0)
      std::memcpy(tile + float_offset<N>(WeightType::BF16, inputs - 1, o), file_rows + size_t{inputs - 1} * 2, 2);
  }
}

template <uint32_t N>
void pack_tile(WeightType type, uint32_t inputs, uint32_t outputs, const std::byte* file_rows, std::byte* tile) {
  const bool part_of_block = type == WeightType::BF16 && inputs % kBfloatBlock != 0;
  if (outputs < N || part_of_block) std::memset(tile, 0, tile_bytes<N>(type, inputs));
  if (type == WeightType::BF16) return pack_bfloats<N>(inputs, outputs, file_rows, tile);
  if (is_float(type)) {
    const uint32_t bytes = float_bytes(type);
    for (uint32_t o = 0; o < outputs; ++o)
      for (uint32_t i = 0; i < inputs; ++i)
        std::memcpy(tile + float_offset<N>(type, i, o), file_rows + (size_t{o} * inputs + i) * bytes, bytes);
    return;
  }
  const BlockLayout layout = block_layout(type);
  const WeightTypeInfo& file = info(type);
  const size_t row_bytes = size_t{inputs} / file.block_width * file.block_bytes;
  std::byte* halves = tile + tile_body_bytes<N>(type, inputs);
  for (uint32_t b = 0; b < inputs / layout.width; ++b)
    pack_block<N>(type, layout, outputs, file_rows + size_t{b} * file.block_bytes, row_bytes,
                  tile + size_t{b} * layout.body_words * 4 * N, halves + size_t{b} * layout.halves * 2 * N);
}

template <uint32_t N>
void pack_tiles(WeightType type, uint32_t inputs, uint32_t first_output, uint32_t count, const std::byte* file_rows,
                std::byte* packed) {
  const WeightTypeInfo& file = info(type);
  const size_t row_bytes = size_t{inputs} / file.block_width * file.block_bytes;
  for (uint32_t done = 0; done < count; done += N)
    pack_tile<N>(type, inputs, count - done < N ? count - done : N, file_rows + done * row_bytes,
                 packed + (first_output + done) / N * tile_bytes<N>(type, inputs));
}

/// Puts the block of one output together again, in the form that it was packed from.
template <uint32_t N>
void unpack_block(WeightType type, BlockLayout layout, const std::byte* body, const std::byte* halves,
                  std::byte* block) {
  for (uint32_t word = 0; word < layout.body_words; ++word) {
    uint32_t bits;
    std::memcpy(&bits, body + size_t{word} * N * 4, 4);
    if (has_fifth_bits_first(type) && word == 0) bits = fifth_bits_by_input(bits);
    std::memcpy(block + layout.body_offset + word * 4, &bits, 4);
  }
  if (has_wide_scale(type)) {
    std::memcpy(block + layout.scale_offset, halves, 4);
    return;
  }
  for (uint32_t half = 0; half < layout.halves; ++half)
    std::memcpy(block + layout.scale_offset + half * 2, halves + size_t{half} * N * 2, 2);
}

/// A look-up of one row: the file's blocks, put together again and read as the portable tier does.
template <uint32_t N>
void unpack_output(const PackedWeight& weight, uint32_t output, float* row) {
  const WeightType type = weight.type;
  const std::byte* tile = weight.data + output / N * tile_bytes<N>(type, weight.inputs);
  const uint32_t lane = output % N;
  alignas(16) std::byte packed[kMostBlockBytes], file[kMostBlockBytes];
  PackedWeight block{packed_as(type), 1, 1, packed};
  if (is_float(type)) {
    for (uint32_t i = 0; i < weight.inputs; ++i) {
      block.data = tile + float_offset<N>(type, i, lane);
      HEADRACE_PORTABLE::unpack_row(block, 0, row + i);
    }
    return;
  }
  const BlockLayout layout = block_layout(type);
  const std::byte* halves = tile + tile_body_bytes<N>(type, weight.inputs) + lane * (has_wide_scale(type) ? 4 : 2);
  const bool back = is_rearranged(type) && type != WeightType::TQ1_0;
  block.inputs = layout.width;
  if (back) block.data = file;
  for (uint32_t b = 0; b < weight.inputs / layout.width; ++b) {
    unpack_block<N>(type, layout, tile + size_t{b} * layout.body_words * 4 * N + lane * 4,
                    halves + size_t{b} * layout.halves * 2 * N, packed);
    if (back) arrange_back(type, packed, file);
    HEADRACE_PORTABLE::unpack_row(block, 0, row + size_t{b} * layout.width);
  }
}

}  // namespace
}  // namespace headrace::kernels
