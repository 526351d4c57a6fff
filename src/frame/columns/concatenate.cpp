#include "frame/columns/concatenate.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "frame/array_builder.h"

namespace headrace::frame {
namespace {

size_t rows_of(std::span<const Array> arrays) {
  size_t rows = 0;
  for (const Array& array : arrays) rows += array.size();
  return rows;
}

/// Rows from `at` on of a bitmap that is all zeros there.
void append_bits(const Bitmap& from, size_t size, const Bitmap& to, size_t at) {
  for (size_t row = 0; row < size; ++row) {
    if (from[row]) to.set(at + row);
  }
}

Result<Bitmap> validity_of(std::span<const Array> arrays, size_t rows, const std::shared_ptr<MemoryBudget>& budget) {
  if (std::ranges::all_of(arrays, [](const Array& array) { return array.nulls() == 0; })) return Bitmap{};
  HR_TRY(Bitmap out, Bitmap::zeros(rows, budget));
  size_t at = 0;
  for (const Array& array : arrays) {
    append_bits(array.validity(), array.size(), out, at);
    at += array.size();
  }
  return out;
}

Result<void> append_fixed(std::span<const Array> arrays, size_t rows, Array::Parts& parts, const std::shared_ptr<MemoryBudget>& budget) {
  const size_t width = parts.type.value_bytes();
  HR_TRY(parts.values, Buffer::from_pool(rows * width, budget, Buffer::Contents::Anything));
  std::byte* to = parts.values.data();
  for (const Array& array : arrays) {
    if (array.size() > 0) std::memcpy(to, array.buffer().data() + array.offset() * width, array.size() * width);
    to += array.size() * width;
  }
  return {};
}

/// Views into the blocks of all arrays, one list after the other.
void move_blocks(std::span<const Array> arrays, Array::Parts& parts) {
  auto blocks = std::make_shared<Blocks>();
  View* views = parts.values.as<View>();
  // Pieces of one column have their list in common: it stands once.
  std::unordered_map<const Blocks*, uint32_t> seen;
  for (const Array& array : arrays) {
    const auto [place, is_new] = seen.try_emplace(array.blocks().get(), static_cast<uint32_t>(blocks->size()));
    const uint32_t first = place->second;
    for (size_t row = 0; row < array.size(); ++row) {
      if (!views[row].is_inside()) views[row].place.block += first;
    }
    views += array.size();
    if (is_new && array.blocks()) blocks->insert(blocks->end(), array.blocks()->begin(), array.blocks()->end());
  }
  parts.blocks = std::move(blocks);
}

Result<void> append_lists(std::span<const Array> arrays, size_t rows, Array::Parts& parts, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(parts.values, Buffer::from_pool((rows + 1) * 8, budget));
  auto* offsets = parts.values.as<int64_t>();
  std::vector<Array> items;
  size_t at = 0;
  for (const Array& array : arrays) {
    if (array.size() == 0) continue;
    const int64_t begin = array.begin_of(0), end = array.begin_of(array.size());
    for (size_t row = 0; row < array.size(); ++row, ++at) offsets[at + 1] = offsets[at] + (array.begin_of(row + 1) - array.begin_of(row));
    items.push_back(array.items().slice(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
  }
  if (items.empty()) {
    HR_TRY(Array none, Array::all_null(parts.type.inner(), 0, budget));
    items.push_back(std::move(none));
  }
  HR_TRY(Array child, concatenate(items, budget));
  parts.child = std::make_shared<const Array>(std::move(child));
  return {};
}

/// One list of categories for all.
Result<Array> of_categories(std::span<const Array> arrays, const std::shared_ptr<MemoryBudget>& budget) {
  ArrayBuilder builder(TypeId::Categorical, budget);
  for (const Array& array : arrays) {
    for (size_t row = 0; row < array.size(); ++row)
      HR_CHECK(array.is_valid(row) ? builder.append_bytes(array.bytes(row)) : builder.append_null());
  }
  return builder.finish();
}

}  // namespace

Result<Array> concatenate(std::span<const Array> arrays, const std::shared_ptr<MemoryBudget>& budget) {
  if (arrays.size() == 1) return arrays.front();
  const size_t rows = rows_of(arrays);
  Array::Parts parts{.type = arrays.front().type(), .size = rows};
  HR_TRY(parts.validity, validity_of(arrays, rows, budget));
  switch (parts.type.layout()) {
    case Layout::None: break;
    case Layout::Bits: {
      HR_TRY(const Bitmap bits, Bitmap::zeros(rows, budget));
      size_t at = 0;
      for (const Array& array : arrays) {
        append_bits(array.bits(), array.size(), bits, at);
        at += array.size();
      }
      parts.values = bits.buffer();
      break;
    }
    case Layout::Fixed: {
      if (parts.type.id() == TypeId::Categorical) {
        const auto same = [&](const Array& array) { return array.child() == arrays.front().child(); };
        if (!std::ranges::all_of(arrays, same)) return of_categories(arrays, budget);
        parts.child = arrays.front().child();
      }
      HR_CHECK(append_fixed(arrays, rows, parts, budget));
      break;
    }
    case Layout::Views:
      HR_CHECK(append_fixed(arrays, rows, parts, budget));
      move_blocks(arrays, parts);
      break;
    case Layout::Offsets: HR_CHECK(append_lists(arrays, rows, parts, budget)); break;
  }
  return Array::make(std::move(parts));
}

}  // namespace headrace::frame
