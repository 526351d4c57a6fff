#include "frame/arrow/format.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace headrace::frame {
namespace {

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::unexpected<Error> unknown(std::string_view format) {
  return fail(ErrorKind::Unsupported,
              fmt::format("has Arrow format {:?}, which no type here matches; cast it before handing it over", format),
              std::string(format));
}

std::optional<TypeId> plain_type(char letter) {
  switch (letter) {
    case 'n': return TypeId::Null;
    case 'b': return TypeId::Bool;
    case 'c': return TypeId::Int8;
    case 'C': return TypeId::UInt8;
    case 's': return TypeId::Int16;
    case 'S': return TypeId::UInt16;
    case 'i': return TypeId::Int32;
    case 'I': return TypeId::UInt32;
    case 'l': return TypeId::Int64;
    case 'L': return TypeId::UInt64;
    case 'e': return TypeId::Float16;
    case 'f': return TypeId::Float32;
    case 'g': return TypeId::Float64;
    default: return std::nullopt;
  }
}

std::optional<std::pair<TimeUnit, Form>> time_unit(char letter) {
  switch (letter) {
    case 's': return std::pair{TimeUnit::Millisecond, Form::InSeconds};
    case 'm': return std::pair{TimeUnit::Millisecond, Form::AsOurs};
    case 'u': return std::pair{TimeUnit::Microsecond, Form::AsOurs};
    case 'n': return std::pair{TimeUnit::Nanosecond, Form::AsOurs};
    default: return std::nullopt;
  }
}

Result<Described> describe_time(std::string_view format) {
  if (format == "tdD") return Described{TypeId::Date};
  if (format == "tdm") return Described{TypeId::Date, Form::DateInMilliseconds};
  const auto unit = format.size() >= 3 ? time_unit(format[2]) : std::nullopt;
  if (unit && format[1] == 's' && format.size() >= 4 && format[3] == ':') {
    return Described{DataType::datetime(unit->first, std::string(format.substr(4))), unit->second};
  }
  if (unit && format[1] == 'D' && format.size() == 3) return Described{DataType::duration(unit->first), unit->second};
  return unknown(format);
}

Result<Described> describe_decimal(std::string_view format) {
  const std::string_view numbers = format.substr(2);
  const size_t first = numbers.find(','), second = first == numbers.npos ? first : numbers.find(',', first + 1);
  if (first == numbers.npos) return unknown(format);
  const auto precision = whole_number(numbers.substr(0, first));
  const auto scale = whole_number(numbers.substr(first + 1, second == numbers.npos ? second : second - first - 1));
  const auto bits = second == numbers.npos ? 128 : whole_number(numbers.substr(second + 1));
  if (!precision || !scale || !bits) return unknown(format);
  constexpr int64_t kMost = DataType::kGreatestPrecision;
  if (*precision > kMost || *scale < 0 || *scale > *precision || *precision < 1) {
    return fail(ErrorKind::Unsupported, fmt::format("is a decimal of precision {} and scale {}, beyond 38 digits or with the point "
                                                    "outside of them; cast it to a smaller decimal or to Float64", *precision, *scale));
  }
  HR_TRY(DataType type, DataType::decimal(static_cast<int>(*precision), static_cast<int>(*scale)));
  const bool one_word = type.value_bytes() == 8;
  switch (*bits) {
    case 32: return Described{type, Form::Decimal32};
    case 64: return Described{type, one_word ? Form::AsOurs : Form::Decimal64};
    case 128: return Described{type, one_word ? Form::Decimal128 : Form::AsOurs};
    case 256: return Described{type, Form::Decimal256};
    default: return unknown(format);
  }
}

Result<Described> describe_list(const ArrowSchema& schema, std::string_view format) {
  std::optional<Form> form;
  std::optional<int64_t> fixed_size = 0;
  if (format == "+l") form = Form::Offsets32;
  if (format == "+L") form = Form::AsOurs;
  if (format == "+vl") form = Form::ListViews32;
  if (format == "+vL") form = Form::ListViews64;
  if (format.starts_with("+w:")) {
    form = Form::FixedSize;
    fixed_size = whole_number(format.substr(3));
  }
  if (format == "+s") {
    return fail(ErrorKind::Unsupported, "is a struct; hand its fields over as columns of their own");
  }
  if (!form || !fixed_size || *fixed_size < 0) return unknown(format);
  if (schema.n_children != 1 || schema.children == nullptr || schema.children[0] == nullptr) {
    return fail(ErrorKind::InvalidData, fmt::format("has a schema of format {:?} without the one child that it must have", format));
  }
  HR_TRY(const Described items, describe(*schema.children[0]));
  return Described{DataType::list(items.type), *form, *fixed_size};
}

Result<Described> describe_bytes(std::string_view format) {
  if (format == "vu") return Described{TypeId::String};
  if (format == "vz") return Described{TypeId::Binary};
  if (format == "u") return Described{TypeId::String, Form::Offsets32};
  if (format == "U") return Described{TypeId::String, Form::Offsets64};
  if (format == "z") return Described{TypeId::Binary, Form::Offsets32};
  if (format == "Z") return Described{TypeId::Binary, Form::Offsets64};
  const auto size = format.starts_with("w:") ? whole_number(format.substr(2)) : std::nullopt;
  if (!size || *size < 0 || *size > static_cast<int64_t>(View::kLongest)) return unknown(format);
  return Described{TypeId::Binary, Form::FixedSize, *size};
}

Result<Described> describe_dictionary(const ArrowSchema& schema, std::string_view format) {
  const auto codes = format.size() == 1 ? plain_type(format[0]) : std::nullopt;
  if (!codes || !DataType(*codes).is_integer()) return unknown(format);
  HR_TRY(const Described values, describe(*schema.dictionary));
  if (values.type.id() == TypeId::String) return Described{TypeId::Categorical, Form::Dictionary};
  return Described{values.type, Form::Dictionary};
}

}  // namespace

Result<Described> describe(const ArrowSchema& schema) {
  if (schema.format == nullptr || schema.release == nullptr) {
    return fail(ErrorKind::InvalidData, "has a schema that was released or has no format");
  }
  const std::string_view format = schema.format;
  if (schema.dictionary != nullptr) return describe_dictionary(schema, format);
  if (format.size() == 1) {
    if (const auto type = plain_type(format[0])) return Described{*type};
  }
  if (format.starts_with("t")) return describe_time(format);
  if (format.starts_with("d:")) return describe_decimal(format);
  if (format.starts_with("+")) return describe_list(schema, format);
  return describe_bytes(format);
}

std::string format_of(const DataType& type, Form form) {
  switch (type.id()) {
    case TypeId::Null: return "n";
    case TypeId::Bool: return "b";
    case TypeId::Int8: return "c";
    case TypeId::UInt8: return "C";
    case TypeId::Int16: return "s";
    case TypeId::UInt16: return "S";
    case TypeId::Int32: return "i";
    case TypeId::UInt32: return "I";
    case TypeId::Int64: return "l";
    case TypeId::UInt64: return "L";
    case TypeId::Float16: return "e";
    case TypeId::Float32: return "f";
    case TypeId::Float64: return "g";
    case TypeId::Decimal:
      return fmt::format("d:{},{}{}", type.precision(), type.scale(), form == Form::AsOurs && type.value_bytes() == 8 ? ",64" : "");
    case TypeId::String: return form == Form::Offsets32 ? "u" : form == Form::Offsets64 ? "U" : "vu";
    case TypeId::Binary: return form == Form::Offsets32 ? "z" : form == Form::Offsets64 ? "Z" : "vz";
    case TypeId::Date: return "tdD";
    case TypeId::Datetime: return fmt::format("ts{}:{}", name(type.unit())[0], type.zone());
    case TypeId::Duration: return fmt::format("tD{}", name(type.unit())[0]);
    case TypeId::Categorical: return "I";
    case TypeId::List: return form == Form::Offsets32 ? "+l" : "+L";
  }
  std::unreachable();
}

Form form_for(const DataType& type, const char* format) {
  const std::string_view wanted = format == nullptr ? "" : format;
  switch (type.id()) {
    case TypeId::String:
    case TypeId::Binary:
      if (wanted == "u" || wanted == "z") return Form::Offsets32;
      if (wanted == "U" || wanted == "Z") return Form::Offsets64;
      return Form::AsOurs;
    case TypeId::List: return wanted == "+l" ? Form::Offsets32 : Form::AsOurs;
    case TypeId::Decimal:
      // Most receivers know decimals of two words only.
      return type.value_bytes() == 8 && !wanted.ends_with(",64") ? Form::Decimal128 : Form::AsOurs;
    default: return Form::AsOurs;
  }
}

}  // namespace headrace::frame
