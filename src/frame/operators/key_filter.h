#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "frame/expression.h"

namespace headrace::frame {

/// Which values a join's key may have on the side that is kept: rows of the other side with others find nothing. Of whole numbers and
/// times close together a bit for each, of others a bloom filter over the hashes that joins use, so NaN is NaN and -0.0 is 0.0.
/// Filled once, by build(); then thread-safe.
class KeyFilter {
 public:
  /// From all values of the key. Where there are too many, or no memory is left for it, the filter stays one that lets everything pass.
  Result<void> build(const Array& keys, bool nulls_equal, const std::shared_ptr<MemoryBudget>& budget);

  /// Whether it is worth asking: it was built, and has not let most of what it saw pass.
  bool is_useful() const;
  /// Takes those rows out, of which `keys` are the keys, whose value no row of the other side has; perhaps not all of them.
  Result<void> keep(const Array& keys, std::vector<uint64_t>& rows, const std::shared_ptr<MemoryBudget>& budget);

  /// Of whole numbers and times that are not null, if no null passes: the least and the greatest value.
  struct Bounds {
    Scalar least, greatest;
  };
  const std::optional<Bounds>& bounds() const { return bounds_; }

 private:
  void find_range(const Array& keys);
  Result<void> build_bits(const Array& keys, const std::shared_ptr<MemoryBudget>& budget);
  Result<void> build_bloom(const Array& keys, const std::shared_ptr<MemoryBudget>& budget);
  /// Calls take(i) for every key that may be there.
  template <class Take>
  Result<void> each_possible(const Array& keys, const std::shared_ptr<MemoryBudget>& budget, const Take& take) const;

  bool is_built_ = false;
  bool has_null_ = false;  ///< null is a value, and there
  bool has_range_ = false;
  uint64_t least_ = 0, greatest_ = 0;  ///< as ordered() has them
  std::optional<Bounds> bounds_;
  Buffer bits_;   ///< for each value of the range
  Buffer bloom_;  ///< words of 64 bits, a power of two of them
  uint64_t mask_ = 0;
  std::atomic<uint64_t> seen_{0}, kept_{0};
};

}  // namespace headrace::frame
