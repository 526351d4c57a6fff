#include <fmt/format.h>

#include <limits>
#include <utility>

#include "frame/functions/rows.h"

namespace headrace::frame {
namespace {

/// A whole number in digits of a base, after at most one sign; nothing if it is none, or beyond 127 bits.
std::optional<Int128> whole_of(std::string_view text, int base) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  Int128 value = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 99;
    if (digit >= base || __builtin_mul_overflow(value, Int128{base}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, Int128{is_negative ? -digit : digit}, &value)) return std::nullopt;
  }
  return value;
}

template <class T>
Result<Array> parsed(const FunctionCall& call, const DataType& type, bool strict) {
  const Texts texts(call.inputs[0]);
  const Values<int64_t> bases(call.inputs[1]);
  return each_row_if_any<T>(type, call, [&](size_t row) -> Result<std::optional<T>> {
    const int64_t base = bases[row];
    if (base < 2 || base > 36) return fail(ErrorKind::InvalidArgument, fmt::format("{} is no base from 2 to 36", base));
    const auto value = whole_of(texts[row], static_cast<int>(base));
    constexpr Int128 kLeast = std::numeric_limits<T>::min(), kMost = std::numeric_limits<T>::max();
    if (value && *value >= kLeast && *value <= kMost) return static_cast<T>(*value);
    if (!strict) return std::nullopt;
    return fail(ErrorKind::OutOfRange,
                fmt::format("{:?} is no {} in base {}; strict=False gives null for such", texts[row], to_string(type), base));
  });
}

/// Options: a null of the type wanted, and whether what is no number is an error.
Result<BoundFunction> to_integer(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_text(inputs[0]));
  const DataType type = options[0].type();
  const bool strict = options[1].as_bool();
  if (!type.is_integer()) return fail(ErrorKind::InvalidArgument, fmt::format("{} is no type of whole numbers", to_string(type)));
  return BoundFunction{.inputs = {TypeId::String, TypeId::Int64}, .result = type, .evaluate = [=](const FunctionCall& call) {
    switch (type.id()) {
      case TypeId::Int8: return parsed<int8_t>(call, type, strict);
      case TypeId::Int16: return parsed<int16_t>(call, type, strict);
      case TypeId::Int32: return parsed<int32_t>(call, type, strict);
      case TypeId::UInt8: return parsed<uint8_t>(call, type, strict);
      case TypeId::UInt16: return parsed<uint16_t>(call, type, strict);
      case TypeId::UInt32: return parsed<uint32_t>(call, type, strict);
      case TypeId::UInt64: return parsed<uint64_t>(call, type, strict);
      default: return parsed<int64_t>(call, type, strict);
    }
  }};
}

}  // namespace

std::span<const FunctionEntry> text_number_functions() {
  static constexpr FunctionEntry kEntries[] = {{"str.to_integer", 2, 2, 2, to_integer}};
  return kEntries;
}

}  // namespace headrace::frame
