#include "frame/keys/key_batch.h"

#include <cstring>
#include <utility>

#include "frame/keys/hash_rows.h"
#include "frame/keys/mix.h"

namespace headrace::frame {
namespace {

/// Bits that a value takes in a word; 0 if it does not go into one.
int bits_of(const DataType& type) {
  if (type.id() == TypeId::Bool) return 1;
  if (type.id() == TypeId::Null || type.id() == TypeId::Categorical || type.layout() != Layout::Fixed || type.value_bytes() > 8) return 0;
  return static_cast<int>(type.value_bytes()) * 8;
}

/// A half is its bits, but for its zero and its NaN.
uint16_t canonical_half(uint16_t half) {
  if ((half & 0x7FFF) == 0) return 0;
  return (half & 0x7FFF) > 0x7C00 ? 0x7E00 : half;
}

/// Calls each(function from a row to the bits of its value).
template <class Each>
void with_bits(const Array& key, const Each& each) {
  const auto of_values = [&]<class T>(const T* values) { each([values](size_t row) { return static_cast<uint64_t>(values[row]); }); };
  switch (key.type().id()) {
    case TypeId::Bool: return each([bits = key.bits()](size_t row) { return uint64_t{bits[row]}; });
    case TypeId::Float16: return each([values = key.data<uint16_t>()](size_t row) { return uint64_t{canonical_half(values[row])}; });
    case TypeId::Float32:
      return each([values = key.data<float>()](size_t row) { return uint64_t{std::bit_cast<uint32_t>(canonical(values[row]))}; });
    case TypeId::Float64:
      return each([values = key.data<double>()](size_t row) { return std::bit_cast<uint64_t>(canonical(values[row])); });
    default: break;
  }
  switch (key.type().value_bytes()) {
    case 1: return of_values(key.data<uint8_t>());
    case 2: return of_values(key.data<uint16_t>());
    case 4: return of_values(key.data<uint32_t>());
    default: return of_values(key.data<uint64_t>());
  }
}

/// A column's bits and, above them, whether it is null, into words from bit `at` on.
void pack(const Array& key, int at, int bits, std::vector<uint64_t>& words) {
  with_bits(key, [&](const auto& of_row) {
    if (key.nulls() == 0) {
      for (size_t row = 0; row < words.size(); ++row) words[row] |= of_row(row) << at;
      return;
    }
    const Bitmap& validity = key.validity();
    for (size_t row = 0; row < words.size(); ++row) words[row] |= validity[row] ? of_row(row) << at : uint64_t{1} << (at + bits);
  });
}

void set_nulls(const Array& key, std::vector<uint8_t>& nulls) {
  nulls.clear();
  if (key.nulls() == 0) return;
  nulls.resize(key.size());
  for (size_t row = 0; row < nulls.size(); ++row) nulls[row] = !key.is_valid(row);
}

// Rows as bytes: of each column whether it has a value, then the value's bytes, those of strings behind their length, of lists item by
// item.

/// Puts one value behind `out`.
void encode(const Array& key, size_t row, std::vector<char>& out) {
  const auto put = [&](const void* bytes, size_t size) {
    const char* const from = static_cast<const char*>(bytes);
    out.insert(out.end(), from, from + size);
  };
  const bool has = key.is_valid(row);
  out.push_back(static_cast<char>(has));
  if (!has) return;
  if (key.type().layout() == Layout::Views || key.type().id() == TypeId::Categorical) {
    const std::string_view bytes = key.bytes(row);
    const auto size = static_cast<uint32_t>(bytes.size());
    put(&size, 4);
    put(bytes.data(), bytes.size());
  } else if (key.type().id() == TypeId::List) {
    const auto begin = static_cast<size_t>(key.begin_of(row)), end = static_cast<size_t>(key.begin_of(row + 1));
    const uint64_t size = end - begin;
    put(&size, 8);
    for (size_t item = begin; item < end; ++item) encode(key.items(), item, out);
  } else if (key.type().value_bytes() == 16) {
    put(key.data<Int128>() + row, 16);
  } else {
    uint64_t word = 0;
    with_bits(key, [&](const auto& of_row) { word = of_row(row); });
    put(&word, 8);
  }
}

/// The same as encode() for a whole column of numbers into rows of one length.
void encode_fixed(const Array& key, char* out, size_t stride) {
  const auto each = [&](const auto& put) {
    for (size_t row = 0; row < key.size(); ++row, out += stride) {
      const bool has = key.is_valid(row);
      *out = static_cast<char>(has);
      if (has) put(row, out + 1);
    }
  };
  if (key.type().value_bytes() == 16) {
    return each([values = key.data<Int128>()](size_t row, char* to) { std::memcpy(to, values + row, 16); });
  }
  with_bits(key, [&](const auto& of_row) {
    each([&](size_t row, char* to) {
      const uint64_t word = of_row(row);
      std::memcpy(to, &word, 8);
    });
  });
}

size_t fixed_bytes(const DataType& type) {
  if (type.id() == TypeId::Null) return 1;
  if (bits_of(type) > 0) return 9;
  return type.id() == TypeId::Decimal ? 17 : 0;
}

void encode_rows(const std::vector<Array>& keys, size_t rows, KeyBatch& batch) {
  size_t stride = 0;
  bool all_fixed = true;
  for (const Array& key : keys) {
    stride += fixed_bytes(key.type());
    all_fixed = all_fixed && fixed_bytes(key.type()) > 0;
  }
  batch.encoded.clear();
  batch.bytes.resize(rows);
  if (all_fixed) {
    batch.encoded.resize(rows * stride);
    size_t at = 0;
    for (const Array& key : keys) {
      if (key.type().id() != TypeId::Null) encode_fixed(key, batch.encoded.data() + at, stride);
      at += fixed_bytes(key.type());
    }
    for (size_t row = 0; row < rows; ++row) batch.bytes[row] = {batch.encoded.data() + row * stride, stride};
    return;
  }
  std::vector<size_t> ends(rows);
  for (size_t row = 0; row < rows; ++row) {
    for (const Array& key : keys) encode(key, row, batch.encoded);
    ends[row] = batch.encoded.size();
  }
  for (size_t row = 0; row < rows; ++row) {
    const size_t begin = row == 0 ? 0 : ends[row - 1];
    batch.bytes[row] = {batch.encoded.data() + begin, ends[row] - begin};
  }
}

constexpr uint64_t kHashOfNull = 0x1F83D9ABFB41BD6B;

}  // namespace

KeyLayout::KeyLayout(std::vector<DataType> types) : types_(std::move(types)) {
  int bits = 0;
  bool all_fit = true;
  for (const DataType& type : types_) {
    all_fit = all_fit && bits_of(type) > 0;
    bits += bits_of(type) + 1;
  }
  const bool is_one_word = types_.size() == 1 && bits_of(types_[0]) == 64;
  is_words_ = all_fit && (bits <= 64 || is_one_word);
  is_strings_ = types_.size() == 1 && (types_[0].layout() == Layout::Views || types_[0].id() == TypeId::Categorical);
  has_null_beside_ = is_one_word || is_strings_;
}

void KeyBatch::pack_words(const KeyLayout& layout, size_t rows) {
  const bool is_one_word = layout.has_null_beside();
  if (is_one_word && !layout.types()[0].is_float()) {
    words = columns[0].values<uint64_t>();
    return;
  }
  packed.assign(rows, 0);
  words = packed;
  int at = 0;
  for (const Array& key : columns) {
    if (is_one_word) {
      with_bits(key, [&](const auto& of_row) {
        for (size_t row = 0; row < rows; ++row) packed[row] = of_row(row);
      });
    } else {
      pack(key, at, bits_of(key.type()), packed);
      at += bits_of(key.type()) + 1;
    }
  }
}

Result<void> KeyBatch::assign(const KeyLayout& layout, std::vector<Array> key_columns, size_t rows,
                              const std::shared_ptr<MemoryBudget>& budget) {
  columns = std::move(key_columns);
  hashes.resize(rows);
  nulls.clear();
  if (layout.has_null_beside()) set_nulls(columns[0], nulls);
  if (layout.is_words()) {
    pack_words(layout, rows);
    for (size_t row = 0; row < rows; ++row) hashes[row] = hash_word(words[row]);
  } else if (layout.is_strings()) {
    bytes.resize(rows);
    for (size_t row = 0; row < rows; ++row) bytes[row] = columns[0].is_valid(row) ? columns[0].bytes(row) : std::string_view();
    HR_CHECK(hash_rows(columns, hashes, budget));
  } else {
    encode_rows(columns, rows, *this);
    for (size_t row = 0; row < rows; ++row) hashes[row] = hash_bytes(bytes[row]);
  }
  for (size_t row = 0; row < nulls.size(); ++row) {
    if (nulls[row]) hashes[row] = kHashOfNull;
  }
  return {};
}

void KeyBatch::assign_words(std::span<const uint64_t> key_words, std::span<const uint8_t> key_nulls) {
  words = key_words;
  nulls.assign(key_nulls.begin(), key_nulls.end());
  hashes.resize(words.size());
  for (size_t row = 0; row < words.size(); ++row) hashes[row] = !nulls.empty() && nulls[row] ? kHashOfNull : hash_word(words[row]);
}

namespace {

template <class T>
void unpack(std::span<const uint64_t> words, int at, const Buffer& out) {
  for (size_t row = 0; row < words.size(); ++row) out.as<T>()[row] = static_cast<T>(words[row] >> at);
}

}  // namespace

Result<Array> column_of_words(const KeyLayout& layout, size_t index, std::span<const uint64_t> words, std::span<const uint8_t> nulls,
                              const std::shared_ptr<MemoryBudget>& budget) {
  const DataType& type = layout.types()[index];
  int at = 0;
  for (size_t i = 0; i < index; ++i) at += bits_of(layout.types()[i]) + 1;
  Array::Parts parts{.type = type, .size = words.size()};
  HR_TRY(parts.validity, Bitmap::zeros(words.size(), budget));
  for (size_t row = 0; row < words.size(); ++row) {
    const bool is_null = layout.has_null_beside() ? !nulls.empty() && nulls[row] : (words[row] >> (at + bits_of(type)) & 1) != 0;
    if (!is_null) parts.validity.set(row);
  }
  if (type.id() == TypeId::Bool) {
    HR_TRY(const Bitmap bits, Bitmap::zeros(words.size(), budget));
    for (size_t row = 0; row < words.size(); ++row) {
      if (words[row] >> at & 1) bits.set(row);
    }
    parts.values = bits.buffer();
    return Array::make(std::move(parts));
  }
  HR_TRY(parts.values, Buffer::from_pool(words.size() * type.value_bytes(), budget));
  switch (type.value_bytes()) {
    case 1: unpack<uint8_t>(words, at, parts.values); break;
    case 2: unpack<uint16_t>(words, at, parts.values); break;
    case 4: unpack<uint32_t>(words, at, parts.values); break;
    default: unpack<uint64_t>(words, at, parts.values); break;
  }
  return Array::make(std::move(parts));
}

}  // namespace headrace::frame
