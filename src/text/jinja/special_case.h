#pragma once

#include <cstdint>
#include <span>

namespace headrace::text::jinja {

/// A character whose upper or title case is not one character (Unicode's
/// SpecialCasing data, unconditional rows); unused places are 0.
struct SpecialCase {
  uint32_t code_point;
  uint32_t upper[3];
  uint32_t title[3];
};

/// In ascending order of code points.
std::span<const SpecialCase> special_cases();

}  // namespace headrace::text::jinja
