#pragma once

// Small vocabularies made by hand for the tokenizer's tests.

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "text/bpe/byte_letters.h"
#include "text/tokenizer.h"

namespace headrace::text {

using Ids = std::vector<TokenId>;

/// All 256 byte letters (id = byte), then the results of the merges, then the given
/// control and user-defined tokens.
inline TokenizerSource byte_level_source(std::vector<std::string> merges, const std::vector<std::string>& control = {},
                                         const std::vector<std::string>& user_defined = {}) {
  TokenizerSource source;
  source.pre_tokenizer = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) source.tokens.push_back(ByteLetters::letter(static_cast<uint8_t>(byte)));
  for (const std::string& merge : merges) {
    const size_t space = merge.find(' ');
    source.tokens.push_back(merge.substr(0, space) + merge.substr(space + 1));
  }
  source.kinds.assign(source.tokens.size(), TokenKind::Normal);
  source.merges = std::move(merges);
  for (const std::string& token : control) {
    source.tokens.push_back(token);
    source.kinds.push_back(TokenKind::Control);
  }
  for (const std::string& token : user_defined) {
    source.tokens.push_back(token);
    source.kinds.push_back(TokenKind::UserDefined);
  }
  return source;
}

/// <unk>, <s>, </s>, the 256 byte tokens (id = 3 + byte), then the pieces with falling
/// scores, then the user-defined tokens.
inline TokenizerSource sentencepiece_source(const std::vector<std::string>& pieces,
                                            const std::vector<std::string>& user_defined = {}) {
  TokenizerSource source;
  source.model = TokenizerSource::Model::SentencePieceBpe;
  source.tokens = {"<unk>", "<s>", "</s>"};
  source.kinds = {TokenKind::Unknown, TokenKind::Control, TokenKind::Control};
  const char* const digits = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    source.tokens.push_back(std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">");
    source.kinds.push_back(TokenKind::Byte);
  }
  source.scores.assign(source.tokens.size(), 0.0f);
  for (size_t i = 0; i < pieces.size(); ++i) {
    source.tokens.push_back(pieces[i]);
    source.kinds.push_back(TokenKind::Normal);
    source.scores.push_back(-static_cast<float>(i + 1));
  }
  for (const std::string& token : user_defined) {
    source.tokens.push_back(token);
    source.kinds.push_back(TokenKind::UserDefined);
    source.scores.push_back(-1000.0f);
  }
  source.unk = 0;
  source.bos = 1;
  source.eos = 2;
  return source;
}

inline std::shared_ptr<const Tokenizer> compiled(TokenizerSource source) {
  auto tokenizer = Tokenizer::compile(std::move(source));
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    return nullptr;
  }
  return *tokenizer;
}

/// The tokens of a text, by spelling.
inline std::vector<std::string> spelled(const Tokenizer& tokenizer, std::string_view text,
                                        const EncodeOptions& options = {}) {
  const auto encoding = tokenizer.encode(text, options);
  if (!encoding) return {"error: " + encoding.error().message};
  std::vector<std::string> tokens;
  for (const TokenId id : encoding->ids) tokens.emplace_back(tokenizer.token(id));
  return tokens;
}

using Spelled = std::vector<std::string>;

}  // namespace headrace::text
