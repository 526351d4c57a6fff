#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::text::jinja {

enum class TokenKind : uint8_t {
  Data,
  BlockBegin,
  BlockEnd,
  VariableBegin,
  VariableEnd,
  Name,
  String,
  Integer,
  Float,
  Symbol,  ///< an operator or bracket
  End,
};

struct Token {
  TokenKind kind = TokenKind::End;
  int line = 1;
  /// Data and strings as they are meant (escapes done); names and symbols as written.
  std::string text;
  int64_t integer = 0;
  double number = 0;

  bool is_name(std::string_view name) const { return kind == TokenKind::Name && text == name; }
  bool is_symbol(std::string_view symbol) const { return kind == TokenKind::Symbol && text == symbol; }
};

}  // namespace headrace::text::jinja
