#include "text/vocabulary/vocabulary.h"

#include <fmt/format.h>

namespace headrace::text {
namespace {

constexpr size_t kMostTokens = size_t{1} << 24;
constexpr size_t kMostBytes = size_t{1} << 30;

}  // namespace

Result<Vocabulary> Vocabulary::build(const std::vector<std::string>& tokens, const std::vector<TokenKind>& kinds) {
  if (tokens.empty()) return fail(ErrorKind::InvalidData, "The vocabulary has no tokens.");
  if (tokens.size() > kMostTokens) {
    return fail(ErrorKind::OutOfRange, fmt::format("The vocabulary has {} tokens; at most {} are supported.",
                                                   tokens.size(), kMostTokens));
  }
  if (!kinds.empty() && kinds.size() != tokens.size()) {
    return fail(ErrorKind::InvalidData, fmt::format("The vocabulary has {} tokens but {} token types.",
                                                    tokens.size(), kinds.size()));
  }
  size_t bytes = 0;
  for (const std::string& token : tokens) bytes += token.size();
  if (bytes > kMostBytes) {
    return fail(ErrorKind::OutOfRange, fmt::format("The vocabulary's tokens are {} bytes long together; at most {} "
                                                   "are supported.", bytes, kMostBytes));
  }
  Vocabulary vocabulary;
  vocabulary.spellings_.reserve(tokens.size(), bytes);
  vocabulary.index_.reserve(tokens.size());
  for (const std::string& token : tokens) {
    vocabulary.spellings_.append(token);
    vocabulary.index_.add(vocabulary.spellings_, vocabulary.spellings_.size() - 1);
  }
  vocabulary.kinds_ = kinds;
  if (kinds.empty()) vocabulary.kinds_.assign(tokens.size(), TokenKind::Normal);
  return vocabulary;
}

}  // namespace headrace::text
