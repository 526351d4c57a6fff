#include "frame/columns/gather.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "frame/array_builder.h"
#include "frame/int128.h"

namespace headrace::frame {
namespace {

template <class T>
void gather_fixed(const Array& array, std::span<const uint64_t> rows, const Buffer& out) {
  const T* values = array.data<T>();
  T* to = out.as<T>();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != kNoRow) to[i] = values[rows[i]];
  }
}

Result<Buffer> gather_values(const Array& array, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  // PERF: where every row has a value, all bytes are written.
  const bool is_whole = std::ranges::find(rows, kNoRow) == rows.end();
  const auto contents = is_whole ? Buffer::Contents::Anything : Buffer::Contents::Zeros;
  HR_TRY(Buffer out, Buffer::from_pool(rows.size() * array.type().value_bytes(), budget, contents));
  switch (array.type().value_bytes()) {
    case 1: gather_fixed<uint8_t>(array, rows, out); break;
    case 2: gather_fixed<uint16_t>(array, rows, out); break;
    case 4: gather_fixed<uint32_t>(array, rows, out); break;
    case 8: gather_fixed<uint64_t>(array, rows, out); break;
    case 16: gather_fixed<Int128>(array, rows, out); break;
    default: std::unreachable();
  }
  return out;
}

Result<Buffer> gather_bits(const Array& array, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Bitmap out, Bitmap::zeros(rows.size(), budget));
  const Bitmap bits = array.bits();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != kNoRow && bits[rows[i]]) out.set(i);
  }
  return out.buffer();
}

Result<Bitmap> gather_validity(const Array& array, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Bitmap out, Bitmap::zeros(rows.size(), budget));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != kNoRow && array.is_valid(rows[i])) out.set(i);
  }
  return out;
}

/// Offsets of the lists named, and which items those are.
Result<Buffer> gather_lists(const Array& array, std::span<const uint64_t> rows, std::vector<uint64_t>& items,
                            const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Buffer out, Buffer::from_pool((rows.size() + 1) * 8, budget));
  auto* offsets = out.as<int64_t>();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != kNoRow && array.is_valid(rows[i])) {
      for (int64_t item = array.begin_of(rows[i]); item < array.begin_of(rows[i] + 1); ++item) items.push_back(static_cast<uint64_t>(item));
    }
    offsets[i + 1] = static_cast<int64_t>(items.size());
  }
  return out;
}

}  // namespace

Result<Array> gather(const Array& array, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  Array::Parts parts{.type = array.type(), .size = rows.size(), .blocks = array.blocks(), .child = array.child()};
  const bool may_be_null = array.nulls() > 0 || std::ranges::find(rows, kNoRow) != rows.end();
  if (may_be_null && array.type().id() != TypeId::Null) {
    HR_TRY(parts.validity, gather_validity(array, rows, budget));
  }
  switch (array.type().layout()) {
    case Layout::None: break;
    case Layout::Bits: {
      HR_TRY(parts.values, gather_bits(array, rows, budget));
      break;
    }
    case Layout::Fixed:
    case Layout::Views: {
      HR_TRY(parts.values, gather_values(array, rows, budget));
      break;
    }
    case Layout::Offsets: {
      std::vector<uint64_t> items;
      HR_TRY(parts.values, gather_lists(array, rows, items, budget));
      HR_TRY(Array child, gather(array.items(), items, budget));
      parts.child = std::make_shared<const Array>(std::move(child));
      break;
    }
  }
  return Array::make(std::move(parts));
}

namespace {

Result<Array> compact_bytes(const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  ArrayBuilder builder(array.type(), budget);
  for (size_t row = 0; row < array.size(); ++row) {
    HR_CHECK(array.is_valid(row) ? builder.append_bytes(array.bytes(row)) : builder.append_null());
  }
  return builder.finish();
}

}  // namespace

Result<Array> compact(const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  const bool has_bytes = array.type().layout() == Layout::Views || array.type().id() == TypeId::Categorical;
  if (has_bytes) return compact_bytes(array, budget);
  std::vector<uint64_t> rows(array.size());
  std::iota(rows.begin(), rows.end(), uint64_t{0});
  HR_TRY(Array copy, gather(array, rows, budget));
  if (array.type().id() != TypeId::List) return copy;
  HR_TRY(Array items, compact(copy.items(), budget));
  return Array::make({.type = copy.type(), .size = copy.size(), .validity = copy.validity(), .values = copy.buffer(),
                      .child = std::make_shared<const Array>(std::move(items))});
}

}  // namespace headrace::frame
