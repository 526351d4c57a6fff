#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

namespace headrace::text {

/// tiktoken's encoding: a split pattern, tokens that are bytes and merge by rank, special
/// tokens on request. Immutable; shared by threads.
class RankEncoding {
 public:
  using Tokens = std::vector<std::pair<std::string, TokenId>>;
  /// Which special tokens a text may contain, by their index; empty: none.
  using Allowed = std::vector<bool>;

  /// `pattern` in the syntax of Rust's regular expressions, as tiktoken has it.
  static Result<RankEncoding> compile(std::string_view pattern, Tokens ranks, Tokens special_tokens);

  const Tokens& special_tokens() const;
  /// Text must be UTF-8. The second value: how many tokens at the end are of the last piece
  /// of text, 0 if that was a special token.
  struct Encoded {
    std::vector<TokenId> ids;
    size_t last_piece = 0;
  };
  Result<Encoded> encode(std::string_view text, const Allowed& allowed) const;
  /// Bytes without a pattern: one piece.
  Result<std::vector<TokenId>> encode_piece(std::string_view bytes) const;
  /// The tokens that no further text can change, and what may follow them.
  struct Unstable {
    std::vector<TokenId> stable;
    std::vector<std::vector<TokenId>> completions;  ///< each once
  };
  Result<Unstable> encode_with_unstable(std::string_view text, const Allowed& allowed) const;

  std::optional<TokenId> token(std::string_view bytes) const;  ///< special tokens too
  std::optional<std::string_view> bytes(TokenId id) const;     ///< special tokens too
  std::vector<std::string_view> token_bytes() const;           ///< without special tokens, in byte order

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// Writes a pattern of Rust's syntax in Oniguruma's: possessive intervals, and ends of text
/// instead of ends of lines.
std::string oniguruma_pattern(std::string_view rust_pattern);

}  // namespace headrace::text
