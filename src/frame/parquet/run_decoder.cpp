#include "frame/parquet/run_decoder.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace headrace::frame::parquet {
namespace {

/// 64 bits from a bit on; zeros beyond the end.
uint64_t bits_at(std::span<const std::byte> bytes, uint64_t bit) {
  const uint64_t byte = bit / 8;
  uint64_t low = 0;
  uint8_t high = 0;
  if (byte < bytes.size()) std::memcpy(&low, bytes.data() + byte, std::min<uint64_t>(8, bytes.size() - byte));
  if (byte + 8 < bytes.size()) high = std::to_integer<uint8_t>(bytes[byte + 8]);
  const unsigned shift = bit % 8;
  return shift == 0 ? low : low >> shift | uint64_t{high} << (64 - shift);
}

void unpack_from(std::span<const std::byte> bytes, uint64_t bit, unsigned bits, uint32_t* to, size_t count) {
  const uint64_t mask = bits == 32 ? UINT32_MAX : (uint64_t{1} << bits) - 1;
  // PERF: one load of eight bytes gives a value of up to 32 bits at any place within a byte; the bytes of the last few are
  // looked at one by one.
  const uint64_t safe_bits = bytes.size() > 8 ? (bytes.size() - 8) * 8 : 0;
  size_t i = 0;
  for (; i < count && bit < safe_bits; ++i, bit += bits) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + bit / 8, 8);
    to[i] = static_cast<uint32_t>(word >> (bit % 8) & mask);
  }
  for (; i < count; ++i, bit += bits) to[i] = static_cast<uint32_t>(bits_at(bytes, bit) & mask);
}

std::unexpected<Error> ended(size_t missing) {
  return fail(ErrorKind::InvalidData, "ends " + std::to_string(missing) + " values too early");
}

/// Sets `count` rows from `at` on.
void set_rows(const Bitmap& to, size_t at, size_t count) {
  const size_t end = at + count;
  while (at < end && at % 8 != 0) to.set(at++);
  const size_t bytes = (end - at) / 8;
  std::memset(to.buffer().data() + at / 8, 0xFF, bytes);
  for (at += bytes * 8; at < end; ++at) to.set(at);
}

/// Writes the lowest `count` (at most 56) bits to rows that are zeros.
void or_bits(const Bitmap& to, size_t at, uint64_t bits, size_t count) {
  const uint64_t shifted = bits << (at % 8);
  const size_t bytes = (at % 8 + count + 7) / 8;
  for (size_t i = 0; i < bytes; ++i) to.buffer().data()[at / 8 + i] |= static_cast<std::byte>(shifted >> (8 * i));
}

}  // namespace

bool RunDecoder::next_run() {
  uint64_t head = 0;
  size_t at = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (at >= bytes_.size() || shift > 56) return false;
    const auto byte = std::to_integer<uint64_t>(bytes_[at++]);
    head |= (byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  bytes_ = bytes_.subspan(at);
  if (head & 1) {
    const uint64_t groups = head >> 1;
    // The last group may be cut off where no value of it counts.
    if (groups > (uint64_t{1} << 40)) return false;
    const uint64_t size = std::min<uint64_t>(groups * bits_, bytes_.size());
    packed_ = groups * 8;
    if (bits_ > 0) packed_ = std::min(packed_, size * 8 / bits_);
    packed_at_ = 0;
    packed_bytes_ = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return packed_ > 0;
  }
  const size_t width = (bits_ + 7) / 8;
  if (bytes_.size() < width) return false;
  value_ = 0;
  std::memcpy(&value_, bytes_.data(), width);
  bytes_ = bytes_.subspan(width);
  repeated_ = head >> 1;
  return repeated_ > 0;
}

template <class Repeated, class Packed>
Result<void> RunDecoder::each_run(size_t count, const Repeated& repeated, const Packed& packed) {
  while (count > 0) {
    if (repeated_ == 0 && packed_ == 0 && !next_run()) return ended(count);
    if (repeated_ > 0) {
      const size_t now = std::min<uint64_t>(count, repeated_);
      repeated(now);
      repeated_ -= now;
      count -= now;
    } else {
      const size_t now = std::min<uint64_t>(count, packed_);
      packed(now);
      packed_ -= now;
      packed_at_ += now * bits_;
      count -= now;
    }
  }
  return {};
}

Result<void> RunDecoder::read(uint32_t* to, size_t count) {
  return each_run(count,
                  [&](size_t now) {
                    std::fill_n(to, now, value_);
                    to += now;
                  },
                  [&](size_t now) {
                    unpack_from(packed_bytes_, packed_at_, bits_, to, now);
                    to += now;
                  });
}

Result<size_t> RunDecoder::read_equal(uint32_t one, const Bitmap& to, size_t at, size_t count) {
  size_t ones = 0;
  const auto repeated = [&](size_t now) {
    if (value_ == one) {
      set_rows(to, at, now);
      ones += now;
    }
    at += now;
  };
  const auto packed_bits = [&](size_t now) {
    constexpr size_t kStep = 56;
    for (size_t i = 0; i < now; i += kStep) {
      const size_t step = std::min(kStep, now - i);
      uint64_t bits = bits_at(packed_bytes_, packed_at_ + i);
      if (one == 0) bits = ~bits;
      bits &= (uint64_t{1} << step) - 1;
      or_bits(to, at, bits, step);
      ones += static_cast<size_t>(std::popcount(bits));
      at += step;
    }
  };
  const auto packed_values = [&](size_t now) {
    for (size_t i = 0; i < now; ++i, ++at) {
      uint32_t value = 0;
      unpack_from(packed_bytes_, packed_at_ + i * bits_, bits_, &value, 1);
      if (value != one) continue;
      to.set(at);
      ++ones;
    }
  };
  HR_CHECK(bits_ == 1 ? each_run(count, repeated, packed_bits) : each_run(count, repeated, packed_values));
  return ones;
}

}  // namespace headrace::frame::parquet
