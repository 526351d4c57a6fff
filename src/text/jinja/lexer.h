#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/token.h"

namespace headrace::text::jinja {

/// Cuts a template into tokens, with trim_blocks and lstrip_blocks on: the newline
/// after a block tag or comment goes, and so does the white space before one that
/// stands first on its line; `-` and `+` beside a delimiter override. The last
/// token is End.
class Lexer {
 public:
  explicit Lexer(std::string_view source);
  std::vector<Token> run();

 private:
  void read_data();
  void read_comment();
  void read_raw(size_t body);
  void read_inside(TokenKind end);
  bool read_end(TokenKind end);
  void read_token();
  void read_number();
  void read_string();
  void read_escape(std::string& text, size_t end);
  void read_symbol();

  size_t raw_begin_end() const;
  bool matches_raw_end(size_t position, size_t& end) const;
  void add_data(std::string_view text, char sign, bool may_strip);
  Token& add(TokenKind kind, std::string_view text = {});
  void move_to(size_t position);
  void skip_space();
  size_t after_space(size_t position) const;
  bool at(size_t position, std::string_view text) const {
    return position <= source_.size() && std::string_view(source_).substr(position).starts_with(text);
  }
  [[noreturn]] void fail_here(std::string message) const;

  std::string source_;
  size_t position_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::string open_brackets_;
  std::vector<Token> tokens_;
};

}  // namespace headrace::text::jinja
