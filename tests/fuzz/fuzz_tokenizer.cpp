// Any bytes as text, and as token ids, through a byte-level and a SentencePiece
// vocabulary: offsets stay within the text, what is decoded is valid UTF-8, and a
// stream agrees with the whole. Any bytes as a vocabulary compile or are refused.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace {

using namespace headrace::text;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string letter(int byte) {
  static const std::vector<std::string> letters = [] {
    std::vector<std::string> list;
    int next = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool own = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      const int c = own ? b : next++;
      list.push_back(c < 0x80 ? std::string(1, static_cast<char>(c))
                              : std::string{static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))});
    }
    return list;
  }();
  return letters[byte];
}

TokenizerSource byte_level(const char* pre_tokenizer) {
  TokenizerSource source;
  source.pre_tokenizer = pre_tokenizer;
  for (int byte = 0; byte < 256; ++byte) source.tokens.push_back(letter(byte));
  for (const auto& [left, right] : {std::pair{" ", "t"}, {"h", "e"}, {" t", "he"}, {"a", "a"}, {"aa", "aa"},
                                    {"\xE4", "\xB8"}, {"1", "2"}, {"\n", "\n"}}) {
    std::string merge, joined;
    for (const char c : std::string(left)) merge += letter(static_cast<uint8_t>(c));
    joined = merge;
    merge += ' ';
    for (const char c : std::string(right)) merge += letter(static_cast<uint8_t>(c)), joined += letter(static_cast<uint8_t>(c));
    source.tokens.push_back(joined);
    source.merges.push_back(merge);
  }
  source.kinds.assign(source.tokens.size(), TokenKind::Normal);
  for (const char* token : {"<|im_start|>", "<|im", "<s>"}) {
    source.tokens.push_back(token);
    source.kinds.push_back(TokenKind::Control);
  }
  source.tokens.push_back("[u]");
  source.kinds.push_back(TokenKind::UserDefined);
  source.bos = static_cast<TokenId>(source.tokens.size() - 2);
  source.add_bos = true;
  return source;
}

TokenizerSource sentencepiece(bool prefix, bool trim) {
  TokenizerSource source;
  source.model = TokenizerSource::Model::SentencePieceBpe;
  source.tokens = {"<unk>", "<s>", "</s>"};
  source.kinds = {TokenKind::Unknown, TokenKind::Control, TokenKind::Control};
  const char* const digits = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == 0xE5) continue;  // some characters have no bytes and are unknown
    source.tokens.push_back(std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">");
    source.kinds.push_back(TokenKind::Byte);
  }
  for (const char* piece : {"▁the", "he", "th", "▁", "t", "h", "e", "a", "aa", "aaaa", "x▁", "x", "中", "文", "中文"}) {
    source.tokens.push_back(piece);
    source.kinds.push_back(TokenKind::Normal);
  }
  for (size_t i = 0; i < source.tokens.size(); ++i) source.scores.push_back(-static_cast<float>(i));
  for (const char* token : {"  ", "\n\n"}) {
    source.tokens.push_back(token);
    source.kinds.push_back(TokenKind::UserDefined);
    source.scores.push_back(-1000);
  }
  source.unk = 0;
  source.bos = 1;
  source.add_bos = true;
  source.add_space_prefix = prefix;
  source.remove_extra_whitespace = trim;
  return source;
}

const std::vector<std::shared_ptr<const Tokenizer>>& tokenizers() {
  static const auto all = [] {
    std::vector<std::shared_ptr<const Tokenizer>> list;
    for (const char* name : {"gpt-2", "smollm", "llama-bpe", "qwen35", "gpt-4o", "tekken", "deepseek-v3", "deepseek-llm",
                             "falcon", "superbpe", "tiny_aya", "kimi-k2", "chameleon", "exaone-moe", "jais-2"}) {
      list.push_back(*Tokenizer::compile(byte_level(name)));
    }
    for (int flags = 0; flags < 4; ++flags) {
      list.push_back(*Tokenizer::compile(sentencepiece(flags & 1, flags & 2)));
    }
    return list;
  }();
  return all;
}

/// Whole characters only (not whether each is one that Unicode allows).
bool well_formed(const std::string& text) {
  size_t expected = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (expected > 0) {
      if ((byte & 0xC0) != 0x80) return false;
      --expected;
    } else if (byte >= 0x80) {
      expected = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 99;
      if (expected == 99) return false;
    }
  }
  return expected == 0;
}

void encode_text(const Tokenizer& tokenizer, std::string_view text, uint8_t flags) {
  const EncodeOptions options{.add_special = (flags & 1) != 0, .parse_special = (flags & 2) != 0, .offsets = true,
                              .truncate_to = (flags & 4) ? 5u : 0u};
  const auto encoding = tokenizer.encode(text, options);
  require(encoding.has_value());
  require(encoding->offsets.size() == encoding->ids.size() && encoding->type_ids.size() == encoding->ids.size());
  require(options.truncate_to == 0 || encoding->ids.size() <= options.truncate_to);
  for (const Offset& offset : encoding->offsets) require(offset.begin <= offset.end && offset.end <= text.size());
  if (options.add_special && encoding->ids.size() > 1 && encoding->ids[1] == tokenizer.bos()) {
    require(encoding->ids[0] != tokenizer.bos() || text.find("<s><s>") != std::string_view::npos);
  }
  const auto decoded = tokenizer.decode(encoding->ids);
  require(decoded && well_formed(*decoded));
}

void decode_ids(const Tokenizer& tokenizer, const uint8_t* data, size_t size, uint8_t flags) {
  std::vector<TokenId> ids;
  for (size_t i = 0; i + 1 < size; i += 2) ids.push_back((data[i] | data[i + 1] << 8) % tokenizer.vocabulary_size());
  const DecodeOptions options{.skip_special = (flags & 1) != 0};
  StreamDecoder stream = tokenizer.stream_decoder(options);
  std::string streamed;
  for (const TokenId id : ids) streamed += stream.push(id);
  streamed += stream.finish();
  const auto whole = tokenizer.decode(ids, options);
  require(whole && *whole == streamed && well_formed(*whole));
}

void compile_vocabulary(std::string_view bytes, uint8_t flags) {
  TokenizerSource source;
  source.model = flags & 1 ? TokenizerSource::Model::ByteLevelBpe : TokenizerSource::Model::SentencePieceBpe;
  source.pre_tokenizer = "gpt-2";
  while (!bytes.empty()) {
    const size_t length = std::min<size_t>(static_cast<uint8_t>(bytes[0]) & 15, bytes.size() - 1);
    const uint8_t kind = static_cast<uint8_t>(bytes[0]) >> 4;
    std::string piece(bytes.substr(1, length));
    bytes.remove_prefix(1 + length);
    if (kind == 15) {
      source.merges.push_back(std::move(piece));
    } else {
      source.tokens.push_back(std::move(piece));
      source.kinds.push_back(static_cast<TokenKind>(1 + kind % 6));
      source.scores.push_back(static_cast<float>(kind));
    }
  }
  const auto tokenizer = Tokenizer::compile(source);
  if (!tokenizer) return require(!tokenizer.error().message.empty());
  for (const std::string& token : source.tokens) {
    require((*tokenizer)->encode(token + token, {.offsets = true}).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  tokenizers();  // compiling them is not part of the first input's time
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data + 3), size - 3);
  const Tokenizer& tokenizer = *tokenizers()[data[1] % tokenizers().size()];
  switch (data[0] % 4) {
    case 0:
    case 1: encode_text(tokenizer, rest, data[2]); break;
    case 2: decode_ids(tokenizer, data + 3, size - 3, data[2]); break;
    default: compile_vocabulary(rest, data[2]); break;
  }
  return 0;
}
