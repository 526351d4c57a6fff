#include "frame/keys/hash_rows.h"

#include <algorithm>
#include <utility>

#include "frame/keys/mix.h"

namespace headrace::frame {
namespace {

constexpr uint64_t kHashOfNull = 0x5BE0CD19137E2179;

template <class T>
uint64_t word_of(T value) {
  if constexpr (sizeof(T) == 16) {
    return static_cast<uint64_t>(value) ^ hash_word(static_cast<uint64_t>(value >> 64));
  } else if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<uint32_t>(canonical(value));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<uint64_t>(canonical(value));
  } else {
    return static_cast<uint64_t>(value);
  }
}

/// Calls each(values of a column as T), T a type of that width that equal values are equal as.
template <class Each>
auto with_fixed(const DataType& type, const Each& each) {
  if (type.id() == TypeId::Float32) return each(float{});
  if (type.id() == TypeId::Float64) return each(double{});
  switch (type.value_bytes()) {
    case 1: return each(int8_t{});
    case 2: return each(int16_t{});
    case 4: return each(int32_t{});
    case 8: return each(int64_t{});
    default: return each(Int128{});
  }
}

Result<void> hash_column(const Array& key, std::span<uint64_t> hashes, bool is_first, const std::shared_ptr<MemoryBudget>& budget);

/// hash(row) of every row that has a value, into what the columns before gave.
template <class Hash>
void put(const Array& key, std::span<uint64_t> hashes, bool is_first, const Hash& hash) {
  const size_t rows = hashes.size();
  const auto put_all = [&](const auto& of_row) {
    if (is_first) {
      for (size_t row = 0; row < rows; ++row) hashes[row] = of_row(row);
    } else {
      for (size_t row = 0; row < rows; ++row) hashes[row] = combine(hashes[row], of_row(row));
    }
  };
  if (key.nulls() == 0) return put_all(hash);
  const Bitmap& validity = key.validity();
  put_all([&](size_t row) { return validity[row] ? hash(row) : kHashOfNull; });
}

/// A category's string is hashed once if that is less to do.
Result<void> hash_categories(const Array& key, std::span<uint64_t> hashes, bool is_first, const std::shared_ptr<MemoryBudget>& budget) {
  const auto* codes = key.data<uint32_t>();
  const size_t count = key.categories().size();
  if (count > key.size()) {
    put(key, hashes, is_first, [&](size_t row) { return hash_bytes(key.categories().bytes(codes[row])); });
    return {};
  }
  HR_TRY(const Buffer buffer, Buffer::from_pool(std::max<size_t>(1, count) * 8, budget));
  const std::span<uint64_t> of_code(buffer.as<uint64_t>(), count);
  HR_CHECK(hash_column(key.categories(), of_code, true, budget));
  put(key, hashes, is_first, [&](size_t row) { return of_code[codes[row]]; });
  return {};
}

Result<void> hash_lists(const Array& key, std::span<uint64_t> hashes, bool is_first, const std::shared_ptr<MemoryBudget>& budget) {
  if (key.size() == 0) return {};
  const auto begin = static_cast<size_t>(key.begin_of(0)), count = static_cast<size_t>(key.begin_of(key.size())) - begin;
  HR_TRY(const Buffer buffer, Buffer::from_pool(std::max<size_t>(1, count) * 8, budget));
  const std::span<uint64_t> items(buffer.as<uint64_t>(), count);
  HR_CHECK(hash_column(key.items().slice(begin, count), items, true, budget));
  put(key, hashes, is_first, [&](size_t row) {
    const auto from = static_cast<size_t>(key.begin_of(row)) - begin, to = static_cast<size_t>(key.begin_of(row + 1)) - begin;
    uint64_t hash = hash_word(to - from);
    for (size_t item = from; item < to; ++item) hash = combine(hash, items[item]);
    return hash;
  });
  return {};
}

Result<void> hash_column(const Array& key, std::span<uint64_t> hashes, bool is_first, const std::shared_ptr<MemoryBudget>& budget) {
  switch (key.type().layout()) {
    case Layout::None:
      for (uint64_t& hash : hashes) hash = is_first ? kHashOfNull : combine(hash, kHashOfNull);
      return {};
    case Layout::Bits: {
      const Bitmap bits = key.bits();
      put(key, hashes, is_first, [&](size_t row) { return hash_word(bits[row]); });
      return {};
    }
    case Layout::Views: {
      const View* views = key.data<View>();
      put(key, hashes, is_first, [&, blocks = key.blocks().get()](size_t row) { return hash_bytes(bytes_of(views[row], *blocks)); });
      return {};
    }
    case Layout::Offsets: return hash_lists(key, hashes, is_first, budget);
    case Layout::Fixed: break;
  }
  if (key.type().id() == TypeId::Categorical) return hash_categories(key, hashes, is_first, budget);
  if (key.type().id() == TypeId::Float16) {
    const auto* values = key.data<uint16_t>();
    put(key, hashes, is_first, [&](size_t row) { return hash_word(word_of(half_to_float(values[row]))); });
    return {};
  }
  with_fixed(key.type(), [&]<class T>(T) {
    const T* values = key.data<T>();
    put(key, hashes, is_first, [&](size_t row) { return hash_word(word_of(values[row])); });
  });
  return {};
}

bool values_equal(const Array& left, size_t left_row, const Array& right, size_t right_row);

bool lists_equal(const Array& left, size_t left_row, const Array& right, size_t right_row) {
  const auto begin = static_cast<size_t>(left.begin_of(left_row)), size = static_cast<size_t>(left.begin_of(left_row + 1)) - begin;
  const auto other = static_cast<size_t>(right.begin_of(right_row));
  if (static_cast<size_t>(right.begin_of(right_row + 1)) - other != size) return false;
  for (size_t i = 0; i < size; ++i) {
    if (!values_equal(left.items(), begin + i, right.items(), other + i)) return false;
  }
  return true;
}

/// Calls with(a function of two rows that have values: whether those are equal).
template <class With>
auto with_equality(const Array& left, const Array& right, const With& with) {
  switch (left.type().layout()) {
    case Layout::None: return with([](size_t, size_t) { return true; });
    case Layout::Bits: return with([one = left.bits(), other = right.bits()](size_t i, size_t j) { return one[i] == other[j]; });
    case Layout::Views: return with([&](size_t i, size_t j) { return left.bytes(i) == right.bytes(j); });
    case Layout::Offsets: return with([&](size_t i, size_t j) { return lists_equal(left, i, right, j); });
    case Layout::Fixed: break;
  }
  if (left.type().id() == TypeId::Categorical) {
    if (left.child() == right.child()) {
      const uint32_t *one = left.data<uint32_t>(), *other = right.data<uint32_t>();
      return with([&, one, other](size_t i, size_t j) { return one[i] == other[j] || left.bytes(i) == right.bytes(j); });
    }
    return with([&](size_t i, size_t j) { return left.bytes(i) == right.bytes(j); });
  }
  if (left.type().id() == TypeId::Float16) {
    return with([&](size_t i, size_t j) {
      return word_of(half_to_float(left.data<uint16_t>()[i])) == word_of(half_to_float(right.data<uint16_t>()[j]));
    });
  }
  return with_fixed(left.type(), [&]<class T>(T) {
    return with([one = left.data<T>(), other = right.data<T>()](size_t i, size_t j) {
      if constexpr (std::is_floating_point_v<T>) return word_of(one[i]) == word_of(other[j]);
      return one[i] == other[j];
    });
  });
}

bool values_equal(const Array& left, size_t left_row, const Array& right, size_t right_row) {
  const bool has = left.is_valid(left_row);
  if (has != right.is_valid(right_row)) return false;
  return !has || with_equality(left, right, [&](const auto& equal) { return equal(left_row, right_row); });
}

void keep_equal_values(const Array& left, std::span<const uint64_t> left_rows, const Array& right, std::span<const uint64_t> right_rows,
                       std::span<uint8_t> equal) {
  const bool may_be_null = left.nulls() > 0 || right.nulls() > 0;
  with_equality(left, right, [&](const auto& is_equal) {
    for (size_t i = 0; i < equal.size(); ++i) {
      if (!equal[i]) continue;
      const size_t one = left_rows[i], other = right_rows[i];
      const bool has = !may_be_null || left.is_valid(one);
      if (may_be_null && has != right.is_valid(other)) {
        equal[i] = 0;
      } else if (has) {
        equal[i] = is_equal(one, other);
      }
    }
    return true;
  });
}

}  // namespace

Result<void> hash_rows(std::span<const Array> keys, std::span<uint64_t> hashes, const std::shared_ptr<MemoryBudget>& budget) {
  if (keys.empty()) std::ranges::fill(hashes, kHashOfNull);
  for (size_t i = 0; i < keys.size(); ++i) HR_CHECK(hash_column(keys[i], hashes, i == 0, budget));
  return {};
}

bool rows_equal(std::span<const Array> left, size_t left_row, std::span<const Array> right, size_t right_row) {
  for (size_t i = 0; i < left.size(); ++i) {
    if (!values_equal(left[i], left_row, right[i], right_row)) return false;
  }
  return true;
}

void keep_equal(std::span<const Array> left, std::span<const uint64_t> left_rows, std::span<const Array> right,
                std::span<const uint64_t> right_rows, std::span<uint8_t> equal) {
  for (size_t i = 0; i < left.size(); ++i) keep_equal_values(left[i], left_rows, right[i], right_rows, equal);
}

}  // namespace headrace::frame
