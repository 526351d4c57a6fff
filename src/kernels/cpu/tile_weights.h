#pragma once

#include <cstring>

#include "kernels/cpu/tile_layout.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels {
namespace {

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

/// One block of up to N outputs; `file` points at the block of the first of them.
template <uint32_t N>
void pack_block(WeightType type, BlockLayout layout, uint32_t outputs, const std::byte* file, size_t row_bytes,
                std::byte* body, std::byte* halves) {
  const bool fifth_bits = has_fifth_bits_first(type);
  for (uint32_t o = 0; o < outputs; ++o, file += row_bytes) {
    std::byte* at = body + o * 4;
    for (uint32_t word = 0; word < layout.body_words; ++word, at += N * 4) {
      uint32_t bits;
      std::memcpy(&bits, file + layout.body_offset + word * 4, 4);
      if (fifth_bits && word == 0) bits = fifth_bits_by_group(bits);
      std::memcpy(at, &bits, 4);
    }
    for (uint32_t half = 0; half < layout.halves; ++half)
      std::memcpy(halves + (half * N + o) * 2, file + layout.scale_offset + half * 2, 2);
  }
}

template <uint32_t N>
void pack_tile(WeightType type, uint32_t inputs, uint32_t outputs, const std::byte* file_rows, std::byte* tile) {
  if (outputs < N) std::memset(tile, 0, tile_bytes<N>(type, inputs));
  if (is_float(type)) {
    const uint32_t bytes = float_bytes(type);
    for (uint32_t o = 0; o < outputs; ++o)
      for (uint32_t i = 0; i < inputs; ++i)
        std::memcpy(tile + (size_t{i} * N + o) * bytes, file_rows + (size_t{o} * inputs + i) * bytes, bytes);
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

/// Puts the file's block of one output together again.
template <uint32_t N>
void unpack_block(WeightType type, BlockLayout layout, const std::byte* body, const std::byte* halves,
                  std::byte* file) {
  for (uint32_t word = 0; word < layout.body_words; ++word) {
    uint32_t bits;
    std::memcpy(&bits, body + size_t{word} * N * 4, 4);
    if (has_fifth_bits_first(type) && word == 0) bits = fifth_bits_by_input(bits);
    std::memcpy(file + layout.body_offset + word * 4, &bits, 4);
  }
  for (uint32_t half = 0; half < layout.halves; ++half)
    std::memcpy(file + layout.scale_offset + half * 2, halves + size_t{half} * N * 2, 2);
}

/// A look-up of one row: the file's blocks, put together again and read as the portable tier does.
template <uint32_t N>
void unpack_output(const PackedWeight& weight, uint32_t output, float* row) {
  const WeightType type = weight.type;
  const std::byte* tile = weight.data + output / N * tile_bytes<N>(type, weight.inputs);
  const uint32_t lane = output % N;
  alignas(16) std::byte file[256];
  PackedWeight block{type, 1, 1, file};
  if (is_float(type)) {
    for (uint32_t i = 0; i < weight.inputs; ++i) {
      block.data = tile + (size_t{i} * N + lane) * float_bytes(type);
      HEADRACE_PORTABLE::unpack_row(block, 0, row + i);
    }
    return;
  }
  const BlockLayout layout = block_layout(type);
  const std::byte* halves = tile + tile_body_bytes<N>(type, weight.inputs) + lane * 2;
  block.inputs = layout.width;
  for (uint32_t b = 0; b < weight.inputs / layout.width; ++b) {
    unpack_block<N>(type, layout, tile + size_t{b} * layout.body_words * 4 * N + lane * 4,
                    halves + size_t{b} * layout.halves * 2 * N, file);
    HEADRACE_PORTABLE::unpack_row(block, 0, row + size_t{b} * layout.width);
  }
}

}  // namespace
}  // namespace headrace::kernels
