#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frame/sql/token.h"

namespace headrace::frame::sql {

/// Deeper nesting is refused, before the stack ends.
inline constexpr size_t kDeepest = 200;

/// Words one after the other.
class TokenStream {
 public:
  TokenStream(const Source& source, std::vector<Token> tokens) : source_(source), tokens_(std::move(tokens)) {}

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is(const char* text, size_t ahead = 0) const { return peek(ahead).is(text); }
  /// Takes it if it comes next.
  bool take(const char* text) { return is(text) && (next(), true); }
  /// Takes two words, if both come next.
  bool take(const char* first, const char* second) { return is(first) && is(second, 1) && (next(), next(), true); }
  Result<void> expect(const char* text) {
    if (take(text)) return {};
    return wrong(std::string(text) + " is expected");
  }
  /// What stands here is not what it should be.
  std::unexpected<Error> wrong(std::string_view expected) const;
  const Source& source() const { return source_; }

 private:
  const Source& source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

/// Counts how deep the parts of a query stand in one another.
class Depth {
 public:
  explicit Depth(size_t& depth) : depth_(depth) { ++depth_; }
  ~Depth() { --depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  bool is_too_deep() const { return depth_ > kDeepest; }

 private:
  size_t& depth_;
};

}  // namespace headrace::frame::sql
