#pragma once

#include <algorithm>

#include "frame/functions/rows.h"

namespace headrace::frame {

/// Whether a view may begin anywhere in the blocks of an operand.
inline bool can_share(const Operand& operand) {
  if (operand.is_scalar()) return false;
  const auto& blocks = operand.array().blocks();
  return !blocks || std::ranges::all_of(*blocks, [](const Buffer& block) { return block.size() <= View::kLongest; });
}

/// A part of the first input's text for each row in which all inputs that are needed have a value: take(row) gives it. Nothing is copied:
/// the parts point where the texts lie.
template <class Take>
Result<Array> each_part(const FunctionCall& call, const Take& take) {
  if (!can_share(call.inputs[0])) {
    using Part = Result<std::optional<std::string_view>>;
    return each_row_if_any<std::string_view>(TypeId::String, call, [&](size_t row) -> Part { return take(row); });
  }
  const Array& texts = call.inputs[0].array();
  Array::Parts parts{.type = TypeId::String, .size = call.rows, .blocks = texts.blocks()};
  HR_TRY(parts.validity, valid_rows(call));
  HR_TRY(parts.values, Buffer::from_pool(call.rows * sizeof(View), call.budget));
  View* out = parts.values.as<View>();
  const View* in = call.rows == 0 ? nullptr : texts.data<View>();
  for (size_t row = 0; row < call.rows; ++row) {
    out[row] = View();
    if (!parts.validity[row]) continue;
    const std::string_view whole = texts.bytes(row), part = take(row);
    if (part.size() <= View::kInside) {
      out[row] = View::inside(part);
    } else {
      out[row] = View::of(part, in[row].place.block, in[row].place.offset + static_cast<uint32_t>(part.data() - whole.data()));
    }
  }
  return Array::make(std::move(parts));
}

}  // namespace headrace::frame
