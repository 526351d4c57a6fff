#include "frame/expressions/operand.h"

#include <algorithm>
#include <cstring>

#include "frame/half.h"

namespace headrace::frame {

Result<Bitmap> both_valid(const Operand& left, const Operand& right, size_t rows, const std::shared_ptr<MemoryBudget>& budget) {
  const Bitmap one = left.is_scalar() ? Bitmap() : left.array().validity(), other = right.is_scalar() ? Bitmap() : right.array().validity();
  if (one.is_absent()) return other;
  if (other.is_absent()) return one;
  HR_TRY(Bitmap both, Bitmap::zeros(rows, budget));
  for (size_t row = 0; row < rows; row += 64) both.set_word(row, one.word(row) & other.word(row));
  return both;
}

namespace {

template <class T>
void fill(const Buffer& buffer, T value, size_t rows) {
  std::fill_n(buffer.as<T>(), rows, value);
}

void fill_fixed(const Buffer& buffer, const Scalar& scalar, size_t rows) {
  switch (scalar.type().id()) {
    case TypeId::Float16: return fill(buffer, to_half(scalar.as_float()), rows);
    case TypeId::Float32: return fill(buffer, value_of<float>(scalar), rows);
    case TypeId::Float64: return fill(buffer, value_of<double>(scalar), rows);
    default: break;
  }
  switch (scalar.type().value_bytes()) {
    case 1: return fill(buffer, value_of<int8_t>(scalar), rows);
    case 2: return fill(buffer, value_of<int16_t>(scalar), rows);
    case 4: return fill(buffer, value_of<int32_t>(scalar), rows);
    case 8: return fill(buffer, value_of<int64_t>(scalar), rows);
    default: return fill(buffer, scalar.as_whole(), rows);
  }
}

}  // namespace

Result<Array> repeat(const Scalar& scalar, size_t rows, const std::shared_ptr<MemoryBudget>& budget) {
  if (scalar.is_null()) return Array::all_null(scalar.type(), rows, budget);
  Array::Parts parts{.type = scalar.type(), .size = rows, .nulls = 0};
  if (scalar.type().id() == TypeId::Bool) {
    HR_TRY(const Bitmap bits, Bitmap::zeros(rows, budget));
    if (scalar.as_bool()) std::memset(bits.buffer().data(), 0xFF, bits.buffer().size());
    parts.values = bits.buffer();
    return Array::make(std::move(parts));
  }
  HR_TRY(parts.values, Buffer::from_pool(rows * scalar.type().value_bytes(), budget));
  if (scalar.type().layout() == Layout::Views) {
    const std::string& bytes = scalar.as_bytes();
    if (bytes.size() > View::kInside) {
      HR_TRY(const Buffer block, Buffer::from_pool(bytes.size(), budget));
      std::memcpy(block.data(), bytes.data(), bytes.size());
      parts.blocks = std::make_shared<const Blocks>(Blocks{block});
    }
    fill(parts.values, View::of(bytes, 0, 0), rows);
  } else {
    fill_fixed(parts.values, scalar, rows);
  }
  return Array::make(std::move(parts));
}

}  // namespace headrace::frame
