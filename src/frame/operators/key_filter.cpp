#include "frame/operators/key_filter.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "frame/keys/hash_rows.h"
#include "frame/keys/ordered.h"

namespace headrace::frame {
namespace {

/// With more keys the filter leaves the caches, and asking it costs what looking up does.
constexpr size_t kMostKeys = size_t{1} << 22;
/// Bits a key, at most, of a range of whole numbers.
constexpr uint64_t kBitsOfRange = 64;
/// Rows are seen before a filter is judged.
constexpr uint64_t kTrial = uint64_t{1} << 16;

/// Four bits of a word, from the lowest bits of a hash; which word, the highest ones say.
uint64_t pattern(uint64_t hash) {
  return uint64_t{1} << (hash & 63) | uint64_t{1} << (hash >> 6 & 63) | uint64_t{1} << (hash >> 12 & 63) | uint64_t{1} << (hash >> 18 & 63);
}
uint64_t word_of(uint64_t hash) { return hash >> 32; }

bool has_order(const DataType& type) { return is_one_word(type) && !type.is_float(); }

Result<Buffer> hashes_of(const Array& keys, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Buffer hashes, Buffer::from_pool(std::max<size_t>(keys.size(), 1) * sizeof(uint64_t), budget, Buffer::Contents::Anything));
  HR_CHECK(hash_rows({&keys, 1}, {hashes.as<uint64_t>(), keys.size()}, budget));
  return hashes;
}

}  // namespace

Result<void> KeyFilter::build(const Array& keys, bool nulls_equal, const std::shared_ptr<MemoryBudget>& budget) {
  has_null_ = nulls_equal && keys.nulls() > 0;
  if (keys.size() > kMostKeys) return {};
  if (has_order(keys.type())) find_range(keys);
  if (has_range_ && !has_null_) {
    // Rows of the least and the greatest were found by their order; their values are what statistics are compared with.
    const auto row_of = [&](uint64_t wanted) {
      size_t found = 0;
      with_ordered(keys, [&](const auto& value) {
        while (!keys.is_valid(found) || value(found) != wanted) ++found;
      });
      return found;
    };
    HR_TRY(Scalar least, Scalar::at(keys, row_of(least_)));
    HR_TRY(Scalar greatest, Scalar::at(keys, row_of(greatest_)));
    bounds_ = Bounds{std::move(least), std::move(greatest)};
  }
  const bool is_close = has_range_ && (greatest_ - least_) / kBitsOfRange <= std::max<size_t>(keys.size(), 1024);
  const auto built = is_close ? build_bits(keys, budget) : build_bloom(keys, budget);
  if (!built && built.error().kind == ErrorKind::OutOfMemory) {
    bounds_.reset();
    return {};
  }
  HR_CHECK(built);
  is_built_ = true;
  return {};
}

void KeyFilter::find_range(const Array& keys) {
  with_ordered(keys, [&](const auto& value) {
    for (size_t row = 0; row < keys.size(); ++row) {
      if (!keys.is_valid(row)) continue;
      least_ = has_range_ ? std::min(least_, value(row)) : value(row);
      greatest_ = has_range_ ? std::max(greatest_, value(row)) : value(row);
      has_range_ = true;
    }
  });
}

Result<void> KeyFilter::build_bits(const Array& keys, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(bits_, Buffer::from_pool((greatest_ - least_) / 64 * 8 + 8, budget));
  auto* words = bits_.as<uint64_t>();
  with_ordered(keys, [&](const auto& value) {
    for (size_t row = 0; row < keys.size(); ++row) {
      if (!keys.is_valid(row)) continue;
      const uint64_t bit = value(row) - least_;
      words[bit / 64] |= uint64_t{1} << (bit % 64);
    }
  });
  return {};
}

Result<void> KeyFilter::build_bloom(const Array& keys, const std::shared_ptr<MemoryBudget>& budget) {
  const uint64_t words = std::bit_ceil(std::max<uint64_t>(keys.size() / 4, 64));
  HR_TRY(bloom_, Buffer::from_pool(words * sizeof(uint64_t), budget));
  mask_ = words - 1;
  HR_TRY(const Buffer hashes, hashes_of(keys, budget));
  for (size_t row = 0; row < keys.size(); ++row) {
    if (!keys.is_valid(row)) continue;
    const uint64_t hash = hashes.as<uint64_t>()[row];
    bloom_.as<uint64_t>()[word_of(hash) & mask_] |= pattern(hash);
  }
  return {};
}

bool KeyFilter::is_useful() const {
  const uint64_t seen = seen_.load(std::memory_order_relaxed);
  return is_built_ && (seen < kTrial || kept_.load(std::memory_order_relaxed) < seen / 4 * 3);
}

template <class Take>
Result<void> KeyFilter::each_possible(const Array& keys, const std::shared_ptr<MemoryBudget>& budget, const Take& take) const {
  const bool all_valid = keys.nulls() == 0;
  const auto each = [&](const auto& may_be) {
    for (size_t row = 0; row < keys.size(); ++row) {
      if (all_valid || keys.is_valid(row) ? may_be(row) : has_null_) take(row);
    }
  };
  if (!bits_.empty()) {
    const uint64_t range = greatest_ - least_;
    const auto* words = bits_.as<const uint64_t>();
    with_ordered(keys, [&](const auto& value) {
      each([&](size_t row) {
        const uint64_t bit = value(row) - least_;
        return bit <= range && (words[bit / 64] >> (bit % 64) & 1) != 0;
      });
    });
    return {};
  }
  HR_TRY(const Buffer buffer, hashes_of(keys, budget));
  const auto* hashes = buffer.as<const uint64_t>();
  const auto* words = bloom_.as<const uint64_t>();
  each([&](size_t row) {
    const uint64_t bits = pattern(hashes[row]);
    return (words[word_of(hashes[row]) & mask_] & bits) == bits;
  });
  return {};
}

Result<void> KeyFilter::keep(const Array& keys, std::vector<uint64_t>& rows, const std::shared_ptr<MemoryBudget>& budget) {
  size_t kept = 0;
  HR_CHECK(each_possible(keys, budget, [&](size_t row) { rows[kept++] = rows[row]; }));
  seen_.fetch_add(rows.size(), std::memory_order_relaxed);
  kept_.fetch_add(kept, std::memory_order_relaxed);
  rows.resize(kept);
  return {};
}

}  // namespace headrace::frame
