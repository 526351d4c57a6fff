#pragma once

#include <cstdint>

namespace headrace::frame::csv {

/// The bytes that divide text into rows and fields. A separator or an end within quotes is text.
struct Dialect {
  uint8_t separator = ',';
  uint8_t quote = '"';
  uint8_t eol = '\n';
  bool has_quote = true;

  bool is_quote(uint8_t byte) const { return has_quote && byte == quote; }
};

/// So many bytes behind any text may be read.
inline constexpr uint64_t kPadding = 64;

}  // namespace headrace::frame::csv
