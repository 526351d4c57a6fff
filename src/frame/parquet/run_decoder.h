#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "frame/bitmap.h"

namespace headrace::frame::parquet {

/// Parquet's hybrid of runs and packed bits: levels, indices into a dictionary, booleans.
class RunDecoder {
 public:
  RunDecoder() = default;
  /// `bits`: of a value, at most 32.
  RunDecoder(std::span<const std::byte> bytes, unsigned bits) : bytes_(bytes), bits_(bits) {}

  /// The next `count` values. InvalidData if the bytes end before.
  Result<void> read(uint32_t* to, size_t count);
  /// The next `count` values as bits, those equal to `one` being ones; returns how many are. `at`: which row of `to` gets the
  /// first; its rows from there on must be zeros.
  Result<size_t> read_equal(uint32_t one, const Bitmap& to, size_t at, size_t count);

 private:
  /// Makes a run of some values the next; false at the end or if it is broken.
  bool next_run();
  template <class Repeated, class Packed>
  Result<void> each_run(size_t count, const Repeated& repeated, const Packed& packed);

  std::span<const std::byte> bytes_;
  unsigned bits_ = 0;
  uint64_t repeated_ = 0;  // values left of a run of equal ones
  uint32_t value_ = 0;     // that they have
  uint64_t packed_ = 0;    // values left of packed ones
  uint64_t packed_at_ = 0; // of them, the bit where the next begins
  std::span<const std::byte> packed_bytes_;
};

}  // namespace headrace::frame::parquet
