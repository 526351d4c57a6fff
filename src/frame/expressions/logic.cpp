#include "frame/expressions/operators.h"

namespace headrace::frame {
namespace {

/// 64 rows of three-valued bits: those that are true, and those that have a value.
struct Word {
  uint64_t value, valid;
};

Word word_of(const Array& array, const Bitmap& bits, size_t row) {
  const uint64_t valid = array.validity().is_absent() ? ~uint64_t{0} : array.validity().word(row);
  return {bits.word(row) & valid, valid};
}

Word combined(BinaryOperator op, Word left, Word right) {
  const uint64_t left_false = left.valid & ~left.value, right_false = right.valid & ~right.value;
  switch (op) {
    // False whatever the other is; true if both are.
    case BinaryOperator::And: return {left.value & right.value, left_false | right_false | (left.valid & right.valid)};
    case BinaryOperator::Or: return {left.value | right.value, left.value | right.value | (left.valid & right.valid)};
    default: return {left.value ^ right.value, left.valid & right.valid};
  }
}

template <class Make>
Result<Array> array_of_words(size_t rows, bool may_be_null, const std::shared_ptr<MemoryBudget>& budget, const Make& make) {
  HR_TRY(const Bitmap values, Bitmap::zeros(rows, budget));
  Array::Parts parts{.type = TypeId::Bool, .size = rows, .values = values.buffer()};
  if (may_be_null) {
    HR_TRY(parts.validity, Bitmap::zeros(rows, budget));
  }
  for (size_t row = 0; row < rows; row += 64) {
    const Word word = make(row);
    values.set_word(row, word.value);
    if (may_be_null) parts.validity.set_word(row, word.valid);
  }
  return Array::make(std::move(parts));
}

}  // namespace

Result<Array> logic(BinaryOperator op, const Array& left, const Array& right, const std::shared_ptr<MemoryBudget>& budget) {
  const Bitmap left_bits = left.bits(), right_bits = right.bits();
  return array_of_words(left.size(), left.nulls() + right.nulls() > 0, budget,
                        [&](size_t row) { return combined(op, word_of(left, left_bits, row), word_of(right, right_bits, row)); });
}

Result<Array> negation(const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  const Bitmap bits = array.bits();
  return array_of_words(array.size(), array.nulls() > 0, budget, [&](size_t row) {
    const Word word = word_of(array, bits, row);
    return Word{~word.value & word.valid, word.valid};
  });
}

}  // namespace headrace::frame
