#include "frame/keys/packed_keys.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "frame/keys/ordered.h"

namespace headrace::frame {
namespace {

/// The least and the greatest of the column's values; the other way round if there are none.
std::pair<uint64_t, uint64_t> range_of(const Array& column) {
  uint64_t least = std::numeric_limits<uint64_t>::max(), greatest = 0;
  with_ordered(column, [&](const auto& value) {
    for (size_t row = 0; row < column.size(); ++row) {
      if (column.nulls() > 0 && !column.validity()[row]) continue;
      const uint64_t one = value(row);
      least = std::min(least, one);
      greatest = std::max(greatest, one);
    }
  });
  return {least, greatest};
}

}  // namespace

std::optional<PackedKeys> PackedKeys::make(std::span<const Array> columns, bool with_nulls) {
  PackedKeys keys;
  int bits = 0;
  for (const Array& column : columns) {
    if (!is_one_word(column.type())) return std::nullopt;
    auto [least, greatest] = range_of(column);
    if (least > greatest) least = greatest = 0;
    const uint64_t range = greatest - least;
    // One more for null, and kNone is no word.
    if (range >= std::numeric_limits<uint64_t>::max() - 1) return std::nullopt;
    keys.fields_.push_back({.least = least, .greatest = greatest, .with_null = with_nulls, .shift = bits});
    bits += std::bit_width(range + (with_nulls ? 1 : 0));
    if (bits > 64 || (bits == 64 && columns.size() > 1)) return std::nullopt;
    keys.words_ = columns.size() == 1 ? range + (with_nulls ? 2 : 1) : uint64_t{1} << bits;
  }
  return keys;
}

void PackedKeys::pack(std::span<const Array> columns, std::span<uint64_t> words) const {
  std::ranges::fill(words, uint64_t{0});
  for (size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    const Array& column = columns[i];
    const uint64_t range = field.greatest - field.least, null_word = field.with_null ? (range + 1) << field.shift : kNone;
    with_ordered(column, [&](const auto& value) {
      // A word that is kNone stays so: all its bits are set.
      if (column.nulls() == 0) {
        for (size_t row = 0; row < words.size(); ++row) {
          const uint64_t offset = value(row) - field.least;  // what is less than the least wraps around
          words[row] |= offset > range ? kNone : offset << field.shift;
        }
      } else {
        for (size_t row = 0; row < words.size(); ++row) {
          const uint64_t offset = value(row) - field.least;
          words[row] |= !column.validity()[row] ? null_word : offset > range ? kNone : offset << field.shift;
        }
      }
    });
  }
}

}  // namespace headrace::frame
