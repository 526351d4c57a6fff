#include "frame/expressions/cast.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "frame/array_builder.h"
#include "frame/data_frame.h"
#include "frame/half.h"
#include "frame/int128.h"

namespace headrace::frame {
namespace {

bool is_number(const DataType& type) { return type.is_numeric() || type.id() == TypeId::Float16; }
bool is_text(const DataType& type) { return type.id() == TypeId::String || type.id() == TypeId::Categorical; }
/// Those whose memory is a whole number.
bool is_whole(const DataType& type) { return type.is_integer() || type.is_temporal(); }

/// A value on its way: a whole number with places behind the point, or a float.
struct Number {
  Int128 whole = 0;
  double floating = 0;
  bool is_float = false;
};

template <class T>
Number number_at(const Array& array, size_t row) {
  const T value = array.data<T>()[row];
  if constexpr (std::is_floating_point_v<T>) return {.floating = double{value}, .is_float = true};
  return {.whole = static_cast<Int128>(value)};
}

using Read = Number (*)(const Array&, size_t);

Read reader_of(const DataType& type) {
  switch (type.id()) {
    case TypeId::Bool: return [](const Array& array, size_t row) { return Number{.whole = array.bits()[row]}; };
    case TypeId::UInt8: return number_at<uint8_t>;
    case TypeId::UInt16: return number_at<uint16_t>;
    case TypeId::UInt32: return number_at<uint32_t>;
    case TypeId::UInt64: return number_at<uint64_t>;
    case TypeId::Float16:
      return
          [](const Array& array, size_t row) { return Number{.floating = half_to_float(array.data<uint16_t>()[row]), .is_float = true}; };
    case TypeId::Float32: return number_at<float>;
    case TypeId::Float64: return number_at<double>;
    default: break;
  }
  switch (type.value_bytes()) {
    case 1: return number_at<int8_t>;
    case 2: return number_at<int16_t>;
    case 4: return number_at<int32_t>;
    case 8: return number_at<int64_t>;
    default: return number_at<Int128>;
  }
}

/// Times a power of ten, or divided by it and rounded half away from zero; false if there is no room.
bool rescale(Int128& value, int from, int to) {
  if (to >= from) return !__builtin_mul_overflow(value, power_of_ten(to - from), &value);
  const Int128 power = power_of_ten(from - to), half = power / 2;
  value = (value + (value < 0 ? -half : half)) / power;
  return true;
}

/// The whole number that a float is nearest to zero, if there are so great ones.
bool truncated(double value, Int128& whole) {
  constexpr double kLimit = 1.7e38;
  if (!(std::abs(value) < kLimit)) return false;
  whole = static_cast<Int128>(std::trunc(value));
  return true;
}

/// Puts values into a type's memory.
class Writer {
 public:
  Writer(const DataType& from, const DataType& to, const Buffer& out) : from_(from), to_(to), out_(out) {}

  /// False if the value does not fit.
  bool write(const Number& number, size_t row) const {
    switch (to_.id()) {
      case TypeId::Float16: out_.as<uint16_t>()[row] = to_half(floating(number)); return true;
      case TypeId::Float32: out_.as<float>()[row] = static_cast<float>(floating(number)); return true;
      case TypeId::Float64: out_.as<double>()[row] = floating(number); return true;
      default: break;
    }
    Int128 whole = number.whole;
    if (number.is_float) {
      double scaled = number.floating;
      if (to_.id() == TypeId::Decimal) scaled = std::round(scaled * static_cast<double>(power_of_ten(to_.scale())));
      if (!truncated(scaled, whole)) return false;
    } else if (!rescale_whole(whole)) {
      return false;
    }
    return write_whole(whole, row);
  }

 private:
  double floating(const Number& number) const {
    if (number.is_float) return number.floating;
    const auto value = static_cast<double>(number.whole);
    return from_.scale() == 0 ? value : value / static_cast<double>(power_of_ten(from_.scale()));
  }

  /// What lies behind a decimal's point is cut off where the type has no place for it.
  bool rescale_whole(Int128& whole) const {
    if (to_.id() == TypeId::Decimal) return rescale(whole, from_.scale(), to_.scale());
    if (from_.scale() > 0) whole /= power_of_ten(from_.scale());
    return true;
  }

  template <class T>
  bool put(Int128 whole, size_t row) const {
    if (whole < Int128{std::numeric_limits<T>::min()} || whole > Int128{std::numeric_limits<T>::max()}) return false;
    out_.as<T>()[row] = static_cast<T>(whole);
    return true;
  }

  bool write_whole(Int128 whole, size_t row) const {
    switch (to_.id()) {
      case TypeId::Int8: return put<int8_t>(whole, row);
      case TypeId::Int16: return put<int16_t>(whole, row);
      case TypeId::Int32:
      case TypeId::Date: return put<int32_t>(whole, row);
      case TypeId::UInt8: return put<uint8_t>(whole, row);
      case TypeId::UInt16: return put<uint16_t>(whole, row);
      case TypeId::UInt32: return put<uint32_t>(whole, row);
      case TypeId::UInt64: return put<uint64_t>(whole, row);
      case TypeId::Decimal: return write_decimal(whole, row);
      default: return put<int64_t>(whole, row);
    }
  }

  bool write_decimal(Int128 whole, size_t row) const {
    const Int128 limit = power_of_ten(to_.precision());
    if (whole >= limit || whole <= -limit) return false;
    if (to_.value_bytes() == 8) return put<int64_t>(whole, row);
    out_.as<Int128>()[row] = whole;
    return true;
  }

  const DataType& from_;
  const DataType& to_;
  const Buffer& out_;
};

std::unexpected<Error> does_not_fit(const Array& array, size_t row, const DataType& to) {
  return fail(ErrorKind::OutOfRange, fmt::format("{} {:?} does not fit {}; cast with strict=False to get null for it",
                                                 to_string(array.type()), to_text(array, row), to_string(to)));
}

/// Calls put(row) for each row that has a value; where it answers false the result has none.
template <class Put>
Result<Array> fill(const Array& array, const DataType& to, bool strict, const Buffer& values, const std::shared_ptr<MemoryBudget>& budget,
                   const Put& put) {
  Array::Parts parts{.type = to, .size = array.size(), .validity = array.validity(), .values = values};
  bool own = false;
  for (size_t row = 0; row < array.size(); ++row) {
    if (!array.is_valid(row) || put(row)) continue;
    if (strict) return does_not_fit(array, row, to);
    if (!own) {
      HR_TRY(parts.validity, Bitmap::zeros(array.size(), budget));
      for (size_t i = 0; i < array.size(); ++i) {
        if (array.is_valid(i)) parts.validity.set(i);
      }
      own = true;
    }
    parts.validity.buffer().data()[row / 8] &= ~static_cast<std::byte>(1u << (row % 8));
  }
  return Array::make(std::move(parts));
}

Result<Array> between_numbers(const Array& array, const DataType& to, bool strict, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Buffer out, Buffer::from_pool(array.size() * to.value_bytes(), budget));
  const Read read = reader_of(array.type());
  const Writer writer(array.type(), to, out);
  return fill(array, to, strict, out, budget, [&](size_t row) { return writer.write(read(array, row), row); });
}

bool is_wider(const DataType& from, const DataType& to) {
  return from.id() == TypeId::Decimal && to.id() == TypeId::Decimal && from.scale() == to.scale() && from.precision() <= to.precision();
}

/// A decimal with room for more digits: the same values.
Result<Array> widened(const Array& array, const DataType& to, const std::shared_ptr<MemoryBudget>& budget) {
  Array::Parts parts{.type = to, .size = array.size(), .validity = array.validity(), .values = array.buffer(), .offset = array.offset()};
  if (to.value_bytes() == array.type().value_bytes()) return Array::make(std::move(parts));
  HR_TRY(parts.values, Buffer::allocate(array.size() * to.value_bytes(), budget));
  parts.offset = 0;
  std::ranges::copy(array.values<int64_t>(), parts.values.as<Int128>());
  return Array::make(std::move(parts));
}

Result<Array> to_bool(const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Bitmap bits, Bitmap::zeros(array.size(), budget));
  const Read read = reader_of(array.type());
  for (size_t row = 0; row < array.size(); ++row) {
    const Number number = read(array, row);
    if (number.is_float ? number.floating != 0 : number.whole != 0) bits.set(row);
  }
  return Array::make({.type = TypeId::Bool, .size = array.size(), .validity = array.validity(), .values = bits.buffer()});
}

/// Times in another unit: towards minus infinity where one is coarser.
Result<Array> between_times(const Array& array, const DataType& to, bool strict, const std::shared_ptr<MemoryBudget>& budget) {
  constexpr int64_t kDay = 86'400;
  const auto units_of = [](const DataType& type) { return type.id() == TypeId::Date ? Int128{1} : Int128{per_second(type.unit())}; };
  const bool from_date = array.type().id() == TypeId::Date, to_date = to.id() == TypeId::Date;
  const Int128 times = (from_date && !to_date ? kDay : 1) * units_of(to), by = (to_date && !from_date ? kDay : 1) * units_of(array.type());
  HR_TRY(const Buffer out, Buffer::from_pool(array.size() * to.value_bytes(), budget));
  const Read read = reader_of(array.type());
  const DataType plain = TypeId::Int64;
  const Writer writer(plain, to, out);
  return fill(array, to, strict, out, budget, [&](size_t row) {
    const Int128 scaled = read(array, row).whole * times;
    return writer.write({.whole = scaled / by - (scaled % by < 0)}, row);
  });
}

Result<Array> to_strings(const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  ArrayBuilder builder(TypeId::String, budget);
  for (size_t row = 0; row < array.size(); ++row)
    HR_CHECK(array.is_valid(row) ? builder.append_bytes(to_text(array, row)) : builder.append_null());
  return builder.finish();
}

Result<Array> to_categories(const Array& array, const std::shared_ptr<MemoryBudget>& budget) {
  ArrayBuilder builder(TypeId::Categorical, budget);
  for (size_t row = 0; row < array.size(); ++row)
    HR_CHECK(array.is_valid(row) ? builder.append_bytes(array.bytes(row)) : builder.append_null());
  return builder.finish();
}

/// A decimal in digits with at most one point; false if it is none or has too many places before the point.
bool parse_decimal(std::string_view text, int scale, Int128& value) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view before = text.substr(0, point), after = point < text.size() ? text.substr(point + 1) : std::string_view();
  if (before.empty() && after.empty()) return false;
  value = 0;
  const auto take = [&](std::string_view digits) {
    for (const char digit : digits) {
      if (digit < '0' || digit > '9') return false;
      if (__builtin_mul_overflow(value, Int128{10}, &value) || __builtin_add_overflow(value, Int128{digit - '0'}, &value)) return false;
    }
    return true;
  };
  const auto places = static_cast<size_t>(scale);
  if (!take(before) || !take(after.substr(0, std::min(places, after.size())))) return false;
  for (size_t i = after.size(); i < places; ++i) {
    if (__builtin_mul_overflow(value, Int128{10}, &value)) return false;
  }
  for (size_t i = places; i < after.size(); ++i) {
    if (after[i] < '0' || after[i] > '9') return false;
  }
  if (after.size() > places && after[places] >= '5') ++value;
  if (negative) value = -value;
  return true;
}

Result<Array> from_strings(const Array& array, const DataType& to, bool strict, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Buffer out, Buffer::from_pool(array.size() * to.value_bytes(), budget));
  const Writer writer(to, to, out);
  return fill(array, to, strict, out, budget, [&](size_t row) {
    const std::string_view text = array.bytes(row);
    Number number;
    if (to.is_float()) {
      const std::string_view plain = text.starts_with('+') ? text.substr(1) : text;
      const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number.floating);
      number.is_float = true;
      return error == std::errc{} && end == plain.data() + plain.size() && writer.write(number, row);
    }
    if (to.is_integer() && text.find('.') != text.npos) return false;
    return parse_decimal(text, to.scale(), number.whole) && writer.write(number, row);
  });
}

}  // namespace

bool can_cast(const DataType& from, const DataType& to) {
  if (from == to || from.id() == TypeId::Null) return true;
  const bool from_number = is_number(from) || from.id() == TypeId::Bool;
  if (from_number && (is_number(to) || to.id() == TypeId::Bool)) return true;
  if (is_text(to)) return is_text(from) || (to.id() == TypeId::String && from.id() != TypeId::List && from.id() != TypeId::Binary);
  if (is_text(from)) return is_number(to) && to.id() != TypeId::Float16;
  const auto is_moment = [](const DataType& type) { return type.id() == TypeId::Date || type.id() == TypeId::Datetime; };
  if (is_moment(from) && is_moment(to)) return true;
  if (from.id() == TypeId::Duration && to.id() == TypeId::Duration) return true;
  // Times are whole numbers of their units.
  return (is_whole(from) && to.is_integer()) || (from.is_integer() && is_whole(to)) || (from.is_temporal() && to.is_float());
}

bool always_fits(const DataType& from, const DataType& to) {
  if (from == to || from.id() == TypeId::Null || to.id() == TypeId::Bool || is_text(to)) return true;
  if (is_text(from)) return false;
  if (to.is_float()) return true;
  if (from.id() == TypeId::Bool) return to.id() != TypeId::Decimal || to.precision() > to.scale();
  const auto bits = [](const DataType& type) { return static_cast<int>(type.value_bytes()) * 8 - (type.is_unsigned_integer() ? 0 : 1); };
  if (from.is_integer() && to.id() == TypeId::Decimal) {
    constexpr int kDigits[] = {3, 5, 10, 20};
    return to.precision() - to.scale() >= kDigits[std::bit_width(from.value_bytes()) - 1];
  }
  if (from.id() == TypeId::Decimal && to.id() == TypeId::Decimal) {
    // A scale that shrinks may round up to one digit more.
    return to.precision() - to.scale() >= from.precision() - from.scale() + (to.scale() < from.scale());
  }
  if (is_whole(from) && to.is_integer()) return bits(to) >= bits(from) && (to.is_signed_integer() || from.is_unsigned_integer());
  // Times lose what a coarser unit has no place for; in a finer one they may be too many.
  if (from.id() == TypeId::Date && to.id() == TypeId::Datetime) return to.unit() == TimeUnit::Millisecond;
  return from.id() == to.id() && to.is_temporal() && per_second(to.unit()) <= per_second(from.unit());
}

Result<Array> cast(const Array& array, const DataType& to, bool strict, const std::shared_ptr<MemoryBudget>& budget) {
  const DataType& from = array.type();
  if (from == to) return array;
  if (!can_cast(from, to)) return fail(ErrorKind::InvalidArgument, fmt::format("{} cannot be cast to {}", to_string(from), to_string(to)));
  if (from.id() == TypeId::Null) return Array::all_null(to, array.size(), budget);
  if (to.id() == TypeId::Bool) return to_bool(array, budget);
  if (is_wider(from, to)) return widened(array, to, budget);
  if (to.id() == TypeId::Categorical) return to_categories(array, budget);
  if (to.id() == TypeId::String) return to_strings(array, budget);
  if (is_text(from)) return from_strings(array, to, strict, budget);
  if (from.is_temporal() && to.is_temporal()) return between_times(array, to, strict, budget);
  return between_numbers(array, to, strict, budget);
}

}  // namespace headrace::frame
