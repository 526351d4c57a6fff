#include "frame/spill/spilled_rows.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "frame/array_builder.h"

namespace headrace::frame {
namespace {

// An array is: its rows, whether it has nulls, then the bitmap of those that are none; then by layout bits, values, the
// sizes of strings and their bytes, or the sizes of lists and their items. All parts begin at multiples of 16, as the widest values do.

size_t padded(size_t bytes) { return (bytes + 15) / 16 * 16; }
size_t bitmap_bytes(size_t rows) { return padded((rows + 63) / 64 * 8); }

size_t bytes_of_strings(const Array& array) {
  size_t bytes = 0;
  for (size_t row = 0; row < array.size(); ++row) bytes += array.is_valid(row) ? array.data<View>()[row].size : 0;
  return bytes;
}

Array items_of(const Array& array) {
  const auto begin = array.size() == 0 ? 0 : static_cast<size_t>(array.begin_of(0));
  const auto end = array.size() == 0 ? 0 : static_cast<size_t>(array.begin_of(array.size()));
  return array.items().slice(begin, end - begin);
}

size_t packed_bytes(const Array& array) {
  size_t bytes = 16 + (array.validity().is_absent() ? 0 : bitmap_bytes(array.size()));
  switch (array.type().layout()) {
    case Layout::None: return bytes;
    case Layout::Bits: return bytes + bitmap_bytes(array.size());
    case Layout::Fixed: return bytes + padded(array.size() * array.type().value_bytes());
    case Layout::Views: return bytes + 16 + padded(array.size() * sizeof(uint32_t)) + padded(bytes_of_strings(array));
    case Layout::Offsets: return bytes + padded(array.size() * sizeof(uint64_t)) + packed_bytes(items_of(array));
  }
  std::unreachable();
}

class Writer {
 public:
  explicit Writer(std::byte* to) : to_(to) {}

  void put(const Array& array, std::vector<std::shared_ptr<const Array>>& categories) {
    word(array.size());
    word(array.validity().is_absent() ? 0 : 1);
    if (!array.validity().is_absent()) bits(array.validity(), array.size());
    switch (array.type().layout()) {
      case Layout::None: return;
      case Layout::Bits: return bits(array.bits(), array.size());
      case Layout::Fixed: {
        const size_t width = array.type().value_bytes();
        bytes(array.buffer().data() + array.offset() * width, array.size() * width);
        if (array.type().id() == TypeId::Categorical) categories.push_back(array.child());
        return;
      }
      case Layout::Views: return strings(array);
      case Layout::Offsets:
        for (size_t row = 0; row < array.size(); ++row) word(static_cast<uint64_t>(array.begin_of(row + 1) - array.begin_of(row)));
        if (array.size() % 2 != 0) word(0);
        return put(items_of(array), categories);
    }
  }

 private:
  void word(uint64_t value) {
    std::memcpy(to_, &value, sizeof value);
    to_ += sizeof value;
  }
  void bits(const Bitmap& bitmap, size_t rows) {
    for (size_t row = 0; row < rows; row += 64) word(bitmap.word(row));
    if ((rows + 63) / 64 % 2 != 0) word(0);
  }
  void bytes(const std::byte* from, size_t size) {
    if (size > 0) std::memcpy(to_, from, size);
    std::memset(to_ + size, 0, padded(size) - size);
    to_ += padded(size);
  }
  void strings(const Array& array) {
    const size_t total = bytes_of_strings(array);
    word(total);
    word(0);
    std::byte* sizes = to_;
    std::byte* text = to_ + padded(array.size() * sizeof(uint32_t));
    std::memset(sizes, 0, static_cast<size_t>(text - sizes));
    std::byte* const end = text + padded(total);
    for (size_t row = 0; row < array.size(); ++row) {
      if (!array.is_valid(row)) continue;
      const std::string_view value = array.bytes(row);
      const auto size = static_cast<uint32_t>(value.size());
      std::memcpy(sizes + row * sizeof size, &size, sizeof size);
      if (size > 0) std::memcpy(text, value.data(), size);
      text += size;
    }
    std::memset(text, 0, static_cast<size_t>(end - text));
    to_ = end;
  }

  std::byte* to_;
};

class Reader {
 public:
  Reader(Buffer bytes, const std::vector<std::shared_ptr<const Array>>& categories, const std::shared_ptr<MemoryBudget>& budget)
      : bytes_(std::move(bytes)), categories_(categories), budget_(budget) {}

  Result<Array> next(const DataType& type) {
    Array::Parts parts{.type = type, .size = word()};
    const bool has_nulls = word() != 0;
    if (has_nulls) parts.validity = Bitmap(window(bitmap_bytes(parts.size)), 0, parts.size);
    switch (type.layout()) {
      case Layout::None: break;
      case Layout::Bits: parts.values = window(bitmap_bytes(parts.size)); break;
      case Layout::Fixed:
        parts.values = window(padded(parts.size * type.value_bytes()));
        if (type.id() == TypeId::Categorical) parts.child = categories_[category_++];
        break;
      case Layout::Views: HR_CHECK(strings(parts)); break;
      case Layout::Offsets: HR_CHECK(lists(parts)); break;
    }
    return Array::make(std::move(parts));
  }

 private:
  uint64_t word() {
    uint64_t value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  /// The next bytes, which keep all of them alive.
  Buffer window(size_t size) {
    const size_t begin = std::exchange(at_, at_ + size);
    return Buffer::foreign(bytes_.data() + begin, size, [keep = bytes_] {});
  }
  Result<void> strings(Array::Parts& parts) {
    const size_t total = word();
    word();
    const auto* sizes = reinterpret_cast<const uint32_t*>(bytes_.data() + at_);
    at_ += padded(parts.size * sizeof(uint32_t));
    const Buffer text = window(padded(total));
    HR_TRY(parts.values, Buffer::from_pool(parts.size * sizeof(View), budget_, Buffer::Contents::Anything));
    const auto* from = text.as<const char>();
    uint32_t offset = 0;
    for (size_t row = 0; row < parts.size; ++row) {
      parts.values.as<View>()[row] = View::of({from + offset, sizes[row]}, 0, offset);
      offset += sizes[row];
    }
    parts.blocks = std::make_shared<const Blocks>(Blocks{text});
    return {};
  }
  Result<void> lists(Array::Parts& parts) {
    HR_TRY(parts.values, Buffer::from_pool((parts.size + 1) * sizeof(int64_t), budget_));
    for (size_t row = 0; row < parts.size; ++row) {
      parts.values.as<int64_t>()[row + 1] = parts.values.as<int64_t>()[row] + static_cast<int64_t>(word());
    }
    if (parts.size % 2 != 0) word();
    HR_TRY(Array items, next(parts.type.inner()));
    parts.child = std::make_shared<const Array>(std::move(items));
    return {};
  }

  Buffer bytes_;
  const std::vector<std::shared_ptr<const Array>>& categories_;
  const std::shared_ptr<MemoryBudget>& budget_;
  size_t at_ = 0;
  size_t category_ = 0;
};

}  // namespace

Result<SpilledRows> spill(SpillFile& file, std::span<const Array> arrays, const std::shared_ptr<MemoryBudget>& budget) {
  SpilledRows spilled{.place = {}, .rows = arrays.empty() ? 0 : arrays.front().size(), .types = {}, .categories = {}};
  size_t bytes = 0;
  for (const Array& array : arrays) {
    bytes += packed_bytes(array);
    spilled.types.push_back(array.type());
  }
  // Views reach 2^31 of a block.
  if (bytes > INT32_MAX) return fail(ErrorKind::OutOfRange, fmt::format("{} of rows cannot be spilled at once.", format_bytes(bytes)));
  HR_TRY(const Buffer packed, Buffer::from_pool(bytes, budget, Buffer::Contents::Anything));
  Writer writer(packed.data());
  for (const Array& array : arrays) writer.put(array, spilled.categories);
  HR_TRY(spilled.place, file.write(packed.bytes(), budget));
  return spilled;
}

Result<std::vector<Array>> load(const SpillFile& file, const SpilledRows& rows, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Buffer bytes, file.read(rows.place, budget));
  Reader reader(std::move(bytes), rows.categories, budget);
  std::vector<Array> arrays;
  for (const DataType& type : rows.types) {
    HR_TRY(Array array, reader.next(type));
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace headrace::frame
