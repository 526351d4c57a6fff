#include "frame/write/cell_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "frame/functions/calendar.h"
#include "frame/functions/moment_format.h"
#include "frame/half.h"
#include "frame/int128.h"

namespace headrace::frame {
namespace {

/// A float's decimal digits without zeros at the end, and where the point stands: 0.d1d2d3 × 10^point.
struct Digits {
  std::array<char, 32> text{};
  int count = 0, point = 0;
};

/// The fewest digits that mean this value and no other.
template <class T>
Digits digits_of(T size) {
  std::array<char, 48> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), size, std::chars_format::scientific);
  Digits digits;
  const char* at = buffer.data();
  for (; at != end && *at != 'e'; ++at) {
    if (*at != '.') digits.text[static_cast<size_t>(digits.count++)] = *at;
  }
  int exponent = 0;
  ++at;
  std::from_chars(*at == '+' ? at + 1 : at, end, exponent);
  digits.point = exponent + 1;
  while (digits.count > 1 && digits.text[static_cast<size_t>(digits.count - 1)] == '0') --digits.count;
  return digits;
}

/// All digits in front of the point and behind it; `fraction`: what stands behind it if nothing else does.
void append_fixed(const Digits& digits, std::string_view fraction, std::string& out) {
  const auto count = static_cast<size_t>(digits.count);
  if (digits.point <= 0) {
    out += "0.";
    out.append(static_cast<size_t>(-digits.point), '0');
    out.append(digits.text.data(), count);
    return;
  }
  const auto point = static_cast<size_t>(digits.point);
  out.append(digits.text.data(), std::min(point, count));
  if (point >= count) {
    out.append(point - count, '0');
    out += fraction;
    return;
  }
  out += '.';
  out.append(digits.text.data() + point, count - point);
}

void append_scientific(const Digits& digits, bool with_plus, std::string& out) {
  out += digits.text[0];
  if (digits.count > 1) {
    out += '.';
    out.append(digits.text.data() + 1, static_cast<size_t>(digits.count - 1));
  }
  const int exponent = digits.point - 1;
  out += 'e';
  if (exponent > 0 && with_plus) out += '+';
  fmt::format_to(std::back_inserter(out), "{}", exponent);
}

/// Infinities and NaN; the sign of all others. False if the value is written.
template <class T>
bool append_sign(T value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return false;
  }
  if (std::signbit(value)) out += '-';
  if (!std::isinf(value)) return true;
  out += "inf";
  return false;
}

template <class T>
void append_shortest(T value, std::string& out) {
  if (!append_sign(value, out)) return;
  // Where Polars turns to exponents.
  constexpr int kLeast = std::is_same_v<T, double> ? -4 : -5, kMost = std::is_same_v<T, double> ? 16 : 13;
  const Digits digits = digits_of(std::abs(value));
  if (value == 0) {
    out += "0.0";
  } else if (digits.point >= kLeast && digits.point <= kMost) {
    append_fixed(digits, ".0", out);
  } else {
    append_scientific(digits, true, out);
  }
}

struct FloatFormat {
  std::optional<bool> scientific;
  std::optional<int> precision;

  template <class T>
  void append(T value, std::string& out) const {
    if (!scientific && !precision) return append_shortest(value, out);
    if (!append_sign(value, out)) return;
    const T size = std::abs(value);
    if (precision && !scientific.value_or(false)) {
      fmt::format_to(std::back_inserter(out), "{:.{}f}", size, *precision);
    } else if (precision) {
      const std::string text = fmt::format("{:.{}e}", size, *precision);
      const size_t e = text.find('e');
      fmt::format_to(std::back_inserter(out), "{}e{}", text.substr(0, e), std::atoi(text.c_str() + e + 1));
    } else if (value == 0) {
      out += *scientific ? "0e0" : "0";
    } else if (*scientific) {
      append_scientific(digits_of(size), false, out);
    } else {
      // As a double prints: so does Polars.
      append_fixed(digits_of(static_cast<double>(size)), "", out);
    }
  }
};

/// Cells of one type: `Write` appends row `row` of an array, which has a value.
template <class Write>
class Cells final : public CellWriter {
 public:
  Cells(Write write, std::string null) : write_(std::move(write)), null_(std::move(null)) {}
  void begin(const Array& array) override { array_ = array; }
  void append(size_t row, std::string& out) const override {
    if (!array_.is_valid(row)) {
      out += null_;
    } else {
      write_(array_, row, out);
    }
  }

 private:
  Array array_;
  Write write_;
  std::string null_;
};

template <class Write>
std::unique_ptr<CellWriter> cells(const CsvWriteOptions& options, Write write) {
  const bool is_quoted = options.quote_style == QuoteStyle::Always;
  return std::make_unique<Cells<Write>>(std::move(write),
                                        is_quoted ? fmt::format("{0}{1}{0}", options.quote_char, options.null_value) : options.null_value);
}

/// A number: in quotes only where all cells are, or its comma is the separator.
template <class Write>
std::unique_ptr<CellWriter> number_cells(const CsvWriteOptions& options, bool has_point, Write write) {
  const bool has_comma = has_point && options.decimal_comma;
  const bool is_quoted = options.quote_style == QuoteStyle::Always ||
                         (has_comma && options.separator == ',' && options.quote_style != QuoteStyle::Never);
  return cells(options, [=, quote = options.quote_char](const Array& array, size_t row, std::string& out) {
    if (is_quoted) out += quote;
    const size_t begin = out.size();
    write(array, row, out);
    if (has_comma) std::replace(out.begin() + static_cast<ptrdiff_t>(begin), out.end(), '.', ',');
    if (is_quoted) out += quote;
  });
}

template <class T>
std::unique_ptr<CellWriter> whole_cells(const CsvWriteOptions& options) {
  return number_cells(options, false, [](const Array& array, size_t row, std::string& out) {
    const fmt::format_int text(array.data<T>()[row]);
    out.append(text.data(), text.size());
  });
}

template <class T>
std::unique_ptr<CellWriter> float_cells(const CsvWriteOptions& options) {
  const FloatFormat format{options.float_scientific, options.float_precision};
  return number_cells(options, true, [format](const Array& array, size_t row, std::string& out) {
    if constexpr (std::is_same_v<T, uint16_t>) {
      format.append(half_to_float(array.data<uint16_t>()[row]), out);
    } else {
      format.append(array.data<T>()[row], out);
    }
  });
}

void append_decimal(Int128 value, int scale, std::string& out) {
  if (value < 0) out += '-';
  const UInt128 size = value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  std::string digits = fmt::format("{}", size);
  const auto places = static_cast<size_t>(scale);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  out.append(digits, 0, digits.size() - places);
  if (places == 0) return;
  out += '.';
  out.append(digits, digits.size() - places);
}

std::unique_ptr<CellWriter> decimal_cells(const DataType& type, const CsvWriteOptions& options) {
  return number_cells(options, true, [scale = type.scale(), bytes = type.value_bytes()](const Array& array, size_t row, std::string& out) {
    append_decimal(bytes == 8 ? Int128{array.data<int64_t>()[row]} : array.data<Int128>()[row], scale, out);
  });
}

/// What is text, or becomes such.
template <class Write>
std::unique_ptr<CellWriter> text_cells(const CsvWriteOptions& options, Write write) {
  return cells(options, [=](const Array& array, size_t row, std::string& out) { append_text(write(array, row), options, out); });
}

Result<std::unique_ptr<CellWriter>> time_cells(const Field& field, const CsvWriteOptions& options) {
  const DataType& type = field.type;
  const bool is_date = type.id() == TypeId::Date;
  if (!type.zone().empty() && type.zone() != "UTC") {
    return fail(ErrorKind::Unsupported, fmt::format("Column {:?}: the clock of {} is not known here, only UTC's; cast it.", field.name,
                                                    to_string(type)), field.name);
  }
  const char* fraction = type.unit() == TimeUnit::Millisecond ? "%.3f" : type.unit() == TimeUnit::Microsecond ? "%.6f" : "%.9f";
  const std::string usual = is_date ? "%F" : fmt::format("%FT%T{}{}", fraction, type.zone().empty() ? "" : "%z");
  const std::string written = (is_date ? options.date_format : options.datetime_format).value_or(usual);
  HR_TRY(const MomentFormat format, MomentFormat::compile(written));
  if ((is_date && format.has_time()) || (type.zone().empty() && format.has_zone())) {
    return fail(ErrorKind::InvalidArgument, fmt::format("Column {:?}: {} has not all of {:?}.", field.name, to_string(type), written),
                field.name);
  }
  const int64_t day = is_date ? 1 : per_day(type.unit()), nanoseconds = is_date ? 0 : 1'000'000'000 / per_second(type.unit());
  return text_cells(options, [=](const Array& array, size_t row) {
    const int64_t value = is_date ? int64_t{array.data<int32_t>()[row]} : array.data<int64_t>()[row];
    std::string text;
    format.append({.days = floor_divide(value, day), .nanoseconds = floor_modulo(value, day) * nanoseconds}, text);
    return text;
  });
}

}  // namespace

void append_float(double value, std::string& out) { append_shortest(value, out); }
void append_float(float value, std::string& out) { append_shortest(value, out); }

void append_text(std::string_view text, const CsvWriteOptions& options, std::string& out) {
  const char quote = options.quote_char;
  const auto needs_quotes = [&] {
    return text.empty() || std::ranges::any_of(text, [&](char c) {
             return c == options.separator || c == quote || c == '\n' || c == '\r' || options.line_terminator.find(c) != std::string::npos;
           });
  };
  const bool is_plain = options.quote_style == QuoteStyle::Never || (options.quote_style == QuoteStyle::Necessary && !needs_quotes());
  if (is_plain) {
    out += text;
    return;
  }
  out += quote;
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  out += quote;
}

Result<std::unique_ptr<CellWriter>> cell_writer_of(const Field& field, const CsvWriteOptions& options) {
  switch (field.type.id()) {
    case TypeId::Null: return number_cells(options, false, [](const Array&, size_t, std::string&) {});
    case TypeId::Bool:
      return text_cells(options, [](const Array& array, size_t row) { return std::string_view(array.bits()[row] ? "true" : "false"); });
    case TypeId::Int8: return whole_cells<int8_t>(options);
    case TypeId::Int16: return whole_cells<int16_t>(options);
    case TypeId::Int32: return whole_cells<int32_t>(options);
    case TypeId::Int64: return whole_cells<int64_t>(options);
    case TypeId::UInt8: return whole_cells<uint8_t>(options);
    case TypeId::UInt16: return whole_cells<uint16_t>(options);
    case TypeId::UInt32: return whole_cells<uint32_t>(options);
    case TypeId::UInt64: return whole_cells<uint64_t>(options);
    case TypeId::Float16: return float_cells<uint16_t>(options);
    case TypeId::Float32: return float_cells<float>(options);
    case TypeId::Float64: return float_cells<double>(options);
    case TypeId::Decimal: return decimal_cells(field.type, options);
    case TypeId::String:
    case TypeId::Categorical: return text_cells(options, [](const Array& array, size_t row) { return array.bytes(row); });
    case TypeId::Date:
    case TypeId::Datetime: return time_cells(field, options);
    default:
      return fail(ErrorKind::Unsupported,
                  fmt::format("Column {:?}: {} has no form in CSV; cast it to String, or write Parquet.", field.name,
                              to_string(field.type)),
                  field.name);
  }
}

}  // namespace headrace::frame
