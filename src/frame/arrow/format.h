#pragma once

#include <string>
#include <string_view>

#include "frame/arrow_interface.h"

namespace headrace::frame {

/// How Arrow lays a column out, where it has several forms for what is one type here.
enum class Form : uint8_t {
  AsOurs,         ///< the type's own layout
  Offsets32,      ///< strings and lists with 32-bit offsets
  Offsets64,      ///< strings with 64-bit offsets
  FixedSize,      ///< bytes or items, the same number for each value
  ListViews32,    ///< lists with 32-bit offsets and sizes
  ListViews64,
  Decimal32,
  Decimal64,
  Decimal128,
  Decimal256,
  DateInMilliseconds,
  InSeconds,      ///< Datetime and Duration
  Dictionary,     ///< codes of some integer type into values of another
};

/// A column's type and form, as a schema tells them.
struct Described {
  DataType type;
  Form form = Form::AsOurs;
  int64_t fixed_size = 0;
};

/// Unsupported or InvalidData; the message ends a sentence that begins with the column's name.
Result<Described> describe(const ArrowSchema& schema);

/// The format of a type in a form that export can write: AsOurs, Offsets32, Offsets64 or Decimal64 or 128.
std::string format_of(const DataType& type, Form form);
/// The form in which a receiver who asks for `format` gets a type.
Form form_for(const DataType& type, const char* format);

}  // namespace headrace::frame
