#include "frame/keys/sort_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <utility>

#include "frame/int128.h"
#include "frame/keys/ordered.h"

namespace headrace::frame {
namespace {

/// A word of a string: seven bytes, the first highest, and below them how many of them are the string's, or that more follow.
constexpr size_t kBytesInWord = 7;
constexpr uint64_t kMoreFollow = kBytesInWord + 1;

uint64_t word_of(std::string_view bytes, size_t word) {
  const size_t begin = word * kBytesInWord;
  if (begin >= bytes.size()) return 0;
  const size_t left = bytes.size() - begin;
  uint64_t value = 0;
  if (left >= 8) {
    std::memcpy(&value, bytes.data() + begin, 8);
  } else {
    std::memcpy(&value, bytes.data() + begin, left);
  }
  value = std::endian::native == std::endian::little ? std::byteswap(value) : value;
  return (value & ~uint64_t{0xff}) | (left > kBytesInWord ? kMoreFollow : left);
}

/// By code, how many categories are less than that code's: equal strings have equal ranks.
std::vector<uint32_t> ranks_of(const Array& categories) {
  std::vector<uint32_t> codes(categories.size()), ranks(categories.size());
  std::iota(codes.begin(), codes.end(), uint32_t{0});
  const auto text = [&](uint32_t code) { return categories.is_valid(code) ? categories.bytes(code) : std::string_view(); };
  std::ranges::sort(codes, {}, text);
  for (size_t i = 0; i < codes.size(); ++i) {
    const bool again = i > 0 && text(codes[i]) == text(codes[i - 1]);
    ranks[codes[i]] = again ? ranks[codes[i - 1]] : static_cast<uint32_t>(i);
  }
  return ranks;
}

}  // namespace

/// Calls each(a function from a row that has a value to its ordered number): a loop for each type.
template <class Each>
void SortKeys::with_values(const Field& field, const Each& each) const {
  const Array& array = columns_[field.column];
  if (array.type().id() == TypeId::Categorical) {
    return each([data = array.data<uint32_t>(), &ranks = ranks_[field.column]](size_t row) { return uint64_t{ranks[data[row]]}; });
  }
  if (is_one_word(array.type())) return with_ordered(array, each);
  if (field.what == Field::What::High) {
    return each([data = array.data<Int128>()](size_t row) { return ordered(static_cast<int64_t>(data[row] >> 64)); });
  }
  each([data = array.data<Int128>()](size_t row) { return static_cast<uint64_t>(data[row]); });
}

Result<SortKeys> SortKeys::make(std::vector<Array> columns, std::span<const SortOrder> orders) {
  SortKeys keys;
  keys.columns_ = std::move(columns);
  keys.ranks_.resize(keys.columns_.size());
  for (size_t i = 0; i < keys.columns_.size(); ++i) {
    const Array& column = keys.columns_[i];
    if (column.type().id() == TypeId::List) {
      return fail(ErrorKind::Unsupported, fmt::format("{} has no order to sort by.", to_string(column.type())));
    }
    if (column.type().id() == TypeId::Categorical) keys.ranks_[i] = ranks_of(column.categories());
    // Of columns that are null everywhere there is nothing to tell.
    if (column.nulls() < column.size()) keys.add_column(i, orders[i]);
  }
  for (Step& step : keys.steps_) {
    int shift = step.bits;
    for (Field& field : step.fields) field.shift = shift -= field.bits;
  }
  return keys;
}

void SortKeys::add_column(size_t column, SortOrder order) {
  using enum Field::What;
  const Array& array = columns_[column];
  const bool has_nulls = array.nulls() > 0;
  const Field validity{.column = column, .what = Validity, .first = order.nulls_last ? 0u : 1u, .null_value = order.nulls_last ? 1u : 0u,
                       .bits = 1};
  if (array.type().layout() == Layout::Views) {
    if (has_nulls) add_field(validity);
    steps_.push_back({.fields = {}, .bytes = column, .descending = order.descending, .bits = 64});
    return;
  }
  const auto range = [&](const Field& field) {
    uint64_t least = std::numeric_limits<uint64_t>::max(), greatest = 0;
    with_values(field, [&](const auto& value) {
      for (size_t row = 0; row < array.size(); ++row) {
        if (has_nulls && !array.validity()[row]) continue;
        const uint64_t one = value(row);
        least = std::min(least, one);
        greatest = std::max(greatest, one);
      }
    });
    return std::pair(least, greatest);
  };
  const Field value{.column = column, .what = Value, .descending = order.descending};
  if (array.type().value_bytes() == 16) {
    Field high = value, low = value;
    high.what = High;
    low.what = Low;
    if (has_nulls) add_field(validity);
    for (const Field& half : {high, low}) {
      const auto [least, greatest] = range(half);
      add_range(half, order.nulls_last, least, greatest, false);
    }
    return;
  }
  const auto [least, greatest] = range(value);
  // Where every word is taken by a value, null has a bit of its own.
  const bool fits = greatest - least < std::numeric_limits<uint64_t>::max();
  if (has_nulls && !fits) add_field(validity);
  add_range(value, order.nulls_last, least, greatest, has_nulls && fits);
}

void SortKeys::add_range(Field field, bool nulls_last, uint64_t least, uint64_t greatest, bool has_nulls) {
  const uint64_t range = greatest - least;
  field.base = field.descending ? greatest : least;
  field.first = has_nulls && !nulls_last ? 1 : 0;
  field.null_value = has_nulls && nulls_last ? range + 1 : 0;
  field.bits = std::bit_width(range + (has_nulls ? 1 : 0));
  if (field.bits > 0) add_field(field);
}

void SortKeys::add_field(const Field& field) {
  if (steps_.empty() || steps_.back().bytes || steps_.back().bits + field.bits > 64) steps_.emplace_back();
  steps_.back().fields.push_back(field);
  steps_.back().bits += field.bits;
}

void SortKeys::fill_field(const Field& field, std::span<SortEntry> entries) const {
  const Array& array = columns_[field.column];
  const Bitmap& validity = array.validity();
  if (field.what == Field::What::Validity) {
    for (SortEntry& entry : entries) entry.word |= (validity[entry.row] ? field.first : field.null_value) << field.shift;
    return;
  }
  const auto fill = [&](const auto& value, auto&& encode) {
    if (array.nulls() == 0) {
      for (SortEntry& entry : entries) entry.word |= encode(value(entry.row)) << field.shift;
    } else {
      for (SortEntry& entry : entries) entry.word |= (validity[entry.row] ? encode(value(entry.row)) : field.null_value) << field.shift;
    }
  };
  with_values(field, [&](const auto& value) {
    if (field.descending) {
      fill(value, [last = field.base + field.first](uint64_t one) { return last - one; });
    } else {
      fill(value, [least = field.base - field.first](uint64_t one) { return one - least; });
    }
  });
}

void SortKeys::fill_bytes(const Step& step, size_t word, std::span<SortEntry> entries) const {
  const Array& array = columns_[*step.bytes];
  const uint64_t flip = step.descending ? ~uint64_t{0} : 0;
  for (SortEntry& entry : entries) {
    const uint64_t value = array.is_valid(entry.row) ? word_of(array.bytes(entry.row), word) : 0;
    entry.word = value ^ flip;
  }
}

void SortKeys::fill(Place place, std::span<SortEntry> entries) const {
  const Step& step = steps_[place.step];
  if (step.bytes) return fill_bytes(step, place.word, entries);
  for (SortEntry& entry : entries) entry.word = 0;
  for (const Field& field : step.fields) fill_field(field, entries);
}

std::optional<SortKeys::Place> SortKeys::after(Place place, uint64_t word) const {
  const Step& step = steps_[place.step];
  if (step.bytes && ((step.descending ? ~word : word) & 0xff) == kMoreFollow) return Place{place.step, place.word + 1};
  if (place.step + 1 == steps_.size()) return std::nullopt;
  return Place{place.step + 1, 0};
}

}  // namespace headrace::frame
