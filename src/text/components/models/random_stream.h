#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace headrace::text {

/// Random numbers of one call (SplitMix64: Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014).
class RandomStream {
 public:
  explicit RandomStream(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  /// In [0, 1): all multiples of 2⁻²⁴, or of 2⁻⁵³.
  float single() { return static_cast<float>(next() >> 40) * 0x1p-24f; }
  double real() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

/// Gives each call of a stage a stream of its own. With a seed the n-th call always gets
/// the same one; without, nobody can say.
class RandomSource {
 public:
  explicit RandomSource(std::optional<uint64_t> seed);

  RandomStream stream() const {
    RandomStream call(first_ + calls_.fetch_add(1, std::memory_order_relaxed) * 0xD6E8FEB86659FD93u);
    return RandomStream(call.next());
  }

 private:
  uint64_t first_;
  mutable std::atomic<uint64_t> calls_{0};
};

}  // namespace headrace::text
