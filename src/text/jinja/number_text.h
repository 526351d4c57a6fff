#pragma once

#include <optional>
#include <string_view>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// Python's int(text, base) and float(text); nothing where those raise ValueError.
/// An integer over 64 bits stops.
std::optional<int64_t> parse_integer(std::string_view text, int base);
std::optional<double> parse_float(std::string_view text);
/// Python's round(number, digits).
double round_float(double number, int64_t digits);

}  // namespace headrace::text::jinja
