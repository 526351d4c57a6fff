#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// How one value is laid out: what both `%` and str.format can ask for.
struct FormatSpec {
  std::string fill = " ";
  char align = 0;      ///< < > ^ = or 0: the type's own
  char sign = 0;       ///< + - space, or 0: as -
  bool zero = false;   ///< a zero before the width: numbers are filled after their sign
  char grouping = 0;   ///< , or _
  char type = 0;
  bool alternate = false;
  int width = 0;
  int precision = -1;
};

/// Widths and precisions above these stop the rendering.
inline constexpr int kWidest = 100'000;
inline constexpr int kMostPrecise = 400;

/// Reads str.format's mini language.
FormatSpec parse_format_spec(std::string_view text);
/// Reads a decimal number at `position`, at most `limit`; -1 if there is none.
int parse_number(std::string_view text, size_t& position, int limit);

std::string format_integer(int64_t integer, const FormatSpec& spec);
std::string format_float(double number, const FormatSpec& spec);
std::string format_text(std::string_view text, const FormatSpec& spec);

}  // namespace headrace::text::jinja
