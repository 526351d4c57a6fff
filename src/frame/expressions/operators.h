#pragma once

#include "frame/expressions/operand.h"

namespace headrace::frame {

// Operators over a chunk's rows. The sides have the types that types_of() asks for; one of them at least is an array of
// `rows` rows. Rows without a value on either side have none, unless said otherwise.

/// + - * / // %, and + of texts. Whole numbers wrap around; // and % by zero have no value. Decimals beyond their digits are OutOfRange.
Result<Array> arithmetic(BinaryOperator op, const Operand& left, const Operand& right, const DataType& result, size_t rows,
                         const std::shared_ptr<MemoryBudget>& budget);

/// NaN is equal to NaN and greater than all other floats; -0.0 is equal to 0.0. Of EqualMissing and NotEqualMissing every row has a value.
Result<Array> comparison(BinaryOperator op, const Operand& left, const Operand& right, size_t rows,
                         const std::shared_ptr<MemoryBudget>& budget);

/// Kleene's and, or, xor.
Result<Array> logic(BinaryOperator op, const Array& left, const Array& right, const std::shared_ptr<MemoryBudget>& budget);
Result<Array> negation(const Array& bits, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
