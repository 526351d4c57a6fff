#include "frame/parquet/delta.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace headrace::frame::parquet {
namespace {

std::optional<uint64_t> read_varint(std::span<const std::byte>& bytes) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && !bytes.empty(); shift += 7) {
    const auto byte = std::to_integer<uint64_t>(bytes[0]);
    bytes = bytes.subspan(1);
    if (shift < 64) value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

uint64_t unzigzag(uint64_t value) { return value >> 1 ^ (~(value & 1) + 1); }

/// A value of up to 64 bits at any bit.
uint64_t value_at(std::span<const std::byte> bytes, uint64_t bit, unsigned bits) {
  if (bits == 0) return 0;
  const uint64_t byte = bit / 8;
  uint64_t low = 0;
  std::memcpy(&low, bytes.data() + byte, std::min<uint64_t>(8, bytes.size() - byte));
  const unsigned shift = bit % 8;
  uint64_t value = low >> shift;
  if (shift + bits > 64) value |= std::to_integer<uint64_t>(bytes[byte + 8]) << (64 - shift);
  return bits == 64 ? value : value & ((uint64_t{1} << bits) - 1);
}

std::unexpected<Error> broken(const char* what) { return fail(ErrorKind::InvalidData, what); }

}  // namespace

Result<std::vector<int64_t>> read_deltas(std::span<const std::byte>& bytes, size_t most) {
  const auto block = read_varint(bytes), parts = read_varint(bytes), count = read_varint(bytes), first = read_varint(bytes);
  if (!block || !parts || !count || !first) return broken("has deltas whose head is broken");
  if (*parts == 0 || *parts > 4096 || *block == 0 || *block > (1 << 24) || *block % *parts != 0 || *block / *parts % 8 != 0) {
    return broken("has deltas in blocks that cannot be");
  }
  if (*count > most) return broken("has more deltas than values");
  std::vector<int64_t> values;
  values.reserve(*count);
  uint64_t value = unzigzag(*first);
  if (*count > 0) values.push_back(static_cast<int64_t>(value));
  const uint64_t in_part = *block / *parts;
  while (values.size() < *count) {
    const auto least = read_varint(bytes);
    if (!least || bytes.size() < *parts) return broken("has deltas that end too early");
    const uint64_t base = unzigzag(*least);
    const auto widths = bytes.first(*parts);
    bytes = bytes.subspan(*parts);
    for (uint64_t part = 0; part < *parts && values.size() < *count; ++part) {
      const auto bits = std::to_integer<unsigned>(widths[part]);
      const uint64_t size = in_part * bits / 8;
      if (bits > 64 || size > bytes.size()) return broken("has deltas that end too early");
      const auto packed = bytes.first(size);
      for (uint64_t i = 0; i < in_part && values.size() < *count; ++i) {
        value += base + value_at(packed, i * bits, bits);
        values.push_back(static_cast<int64_t>(value));
      }
      bytes = bytes.subspan(size);
    }
  }
  return values;
}

}  // namespace headrace::frame::parquet
