#pragma once

#include <string>

#include "base/error.h"
#include "text/regex/parser.h"

namespace headrace::text::regex {

/// How sets of characters are written.
enum class SetStyle : uint8_t {
  InPlace,  ///< where they stand: the fastest to match
  Shared,   ///< once each, called from where they stand: for patterns that are too large otherwise
};

/// The pattern in PCRE2's syntax, for the options UTF and DOTALL and the newline LF.
/// Unsupported names what PCRE2 has no counterpart of.
Result<std::string> write_pcre2(const ParsedPattern& pattern, SetStyle style);

}  // namespace headrace::text::regex
