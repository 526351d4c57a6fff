#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace headrace::frame {

/// A string or some bytes as a column holds them, 16 bytes: up to 12 bytes lie inside, of longer ones the first four and
/// where they begin. The layout of Arrow's string_view.
struct View {
  static constexpr uint32_t kInside = 12;
  static constexpr uint64_t kLongest = INT32_MAX;

  uint32_t size = 0;
  std::array<char, 4> prefix{};
  union {
    std::array<char, 8> rest;
    struct {
      uint32_t block;   ///< which of the column's blocks of bytes
      uint32_t offset;  ///< where in it, below 2^31
    } place;
  };

  View() : rest{} {}
  /// A short one. `bytes` must fit inside.
  static View inside(std::string_view bytes) {
    View view;
    view.size = static_cast<uint32_t>(bytes.size());
    std::array<char, kInside> padded{};
    std::memcpy(padded.data(), bytes.data(), std::min<size_t>(bytes.size(), kInside));
    std::memcpy(view.prefix.data(), padded.data(), 4);
    std::memcpy(view.rest.data(), padded.data() + 4, 8);
    return view;
  }
  /// One that lies in a block, or inside if it is short.
  static View of(std::string_view bytes, uint32_t block, uint32_t offset) {
    if (bytes.size() <= kInside) return inside(bytes);
    View view;
    view.size = static_cast<uint32_t>(bytes.size());
    std::memcpy(view.prefix.data(), bytes.data(), 4);
    view.place.block = block;
    view.place.offset = offset;
    return view;
  }

  bool is_inside() const { return size <= kInside; }
  /// The bytes of a short one; valid as long as this object.
  std::string_view inner_bytes() const { return {reinterpret_cast<const char*>(this) + 4, size}; }
};
static_assert(sizeof(View) == 16);

}  // namespace headrace::frame
