#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "frame/sql/token.h"

namespace headrace::frame::sql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool is_of_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// Longer ones first.
constexpr std::string_view kSymbols[] = {"::", "||", "<=", ">=", "<>", "!=", "==", "//", "**", "=>", "!~~*", "~~*", "!~~", "~~"};

class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text()) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    for (;;) {
      HR_CHECK(skip_blanks());
      HR_TRY(Token token, next());
      tokens.push_back(std::move(token));
      if (tokens.back().kind == Token::Kind::End) return tokens;
    }
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Result<void> skip_blanks() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(peek())) != 0) {
        ++at_;
      } else if (peek() == '-' && peek(1) == '-') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (peek() == '/' && peek(1) == '*') {
        HR_CHECK(skip_comment());
      } else {
        break;
      }
    }
    return {};
  }

  /// Comments of this kind may stand within one another.
  Result<void> skip_comment() {
    const size_t begin = at_;
    size_t depth = 0;
    do {
      if (at_ >= text_.size()) return source_.fail(ErrorKind::InvalidArgument, begin, "This comment has no end: */ is missing.");
      const bool opens = peek() == '/' && peek(1) == '*', closes = peek() == '*' && peek(1) == '/';
      depth += opens ? 1 : closes ? size_t(-1) : 0;
      at_ += opens || closes ? 2 : 1;
    } while (depth > 0);
    return {};
  }

  Result<Token> next() {
    const size_t begin = at_;
    if (at_ >= text_.size()) return Token{.kind = Token::Kind::End, .at = begin};
    const char c = peek();
    if (begins_word(c)) {
      while (is_of_word(peek())) ++at_;
      const std::string_view word = text_.substr(begin, at_ - begin);
      return Token{Token::Kind::Word, lower(word), std::string(word), begin};
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '\'') return quoted('\'', Token::Kind::String);
    if (c == '"') return quoted('"', Token::Kind::Name);
    return symbol();
  }

  Result<Token> number() {
    const size_t begin = at_;
    const auto skip_digits = [this] {
      while (is_digit(peek()) || (peek() == '_' && is_digit(peek(1)))) ++at_;
    };
    skip_digits();
    if (peek() == '.') {
      ++at_;
      skip_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        at_ += 1 + sign;
        skip_digits();
      }
    }
    if (is_of_word(peek())) return source_.fail(ErrorKind::InvalidArgument, begin, "This is neither a number nor a name.");
    std::string text(text_.substr(begin, at_ - begin));
    std::erase(text, '_');
    return Token{.kind = Token::Kind::Number, .text = std::move(text), .at = begin};
  }

  /// A quote within stands twice.
  Result<Token> quoted(char quote, Token::Kind kind) {
    Token token{.kind = kind, .at = at_};
    for (++at_;; ++at_) {
      if (at_ >= text_.size()) return source_.fail(ErrorKind::InvalidArgument, token.at, fmt::format("This has no end: {} is missing.",
          quote));
      if (peek() == quote) {
        if (peek(1) != quote) break;
        ++at_;
      }
      token.text += peek();
    }
    ++at_;
    return token;
  }

  Result<Token> symbol() {
    const std::string_view rest = text_.substr(at_);
    std::string_view found;
    for (const std::string_view symbol : kSymbols) {
      if (rest.starts_with(symbol) && symbol.size() > found.size()) found = symbol;
    }
    if (found.empty()) {
      constexpr std::string_view kSingle = "()[],.;+-*/%^<>=:?";
      if (kSingle.find(rest[0]) == kSingle.npos) {
        return source_.fail(ErrorKind::InvalidArgument, at_, "SQL has no such character outside of quotes.");
      }
      found = rest.substr(0, 1);
    }
    Token token{.kind = Token::Kind::Symbol, .text = std::string(found), .at = at_};
    at_ += found.size();
    return token;
  }

  const Source& source_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> tokens_of(const Source& source) { return Lexer(source).run(); }

}  // namespace headrace::frame::sql
