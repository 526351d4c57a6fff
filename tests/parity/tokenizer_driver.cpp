// Lets the parity tests drive text::Tokenizer: reads a vocabulary from the file named
// on the command line and requests from standard input, writes answers to standard
// output. Everything is little-endian; strings are a 32-bit length and bytes.
//
// Vocabulary: model (0 byte-level, 1 SentencePiece), pre-tokenizer, tokens, kinds,
//   scores, merges (lists: a 32-bit count and the items), bos, eos, unk (32 bits, -1:
//   none), then a byte each: add_bos, add_eos, add_space_prefix, remove_extra_whitespace.
// Requests: 'E' flags text      → count, ids (and offsets, with flag 4)
//           'D' flags count ids → text;   'S' the same through a StreamDecoder
//   flags: 1 add_special (E) or skip_special (D, S), 2 parse_special, 4 offsets.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace {

using headrace::text::EncodedText;
using headrace::text::StreamDecoder;
using headrace::text::TokenId;
using headrace::text::Tokenizer;
using headrace::text::TokenizerSource;
using headrace::text::TokenKind;

[[noreturn]] void stop(const std::string& message) {
  std::fprintf(stderr, "tokenizer_driver: %s\n", message.c_str());
  std::exit(1);
}

class Reader {
 public:
  explicit Reader(FILE* file) : file_(file) {}
  bool bytes(void* to, size_t size) { return std::fread(to, 1, size, file_) == size; }
  template <class T>
  T value() {
    T value;
    if (!bytes(&value, sizeof value)) stop("the input ends early");
    return value;
  }
  std::string string() {
    std::string text(value<uint32_t>(), '\0');
    if (!bytes(text.data(), text.size())) stop("the input ends early");
    return text;
  }
  std::vector<std::string> strings() {
    std::vector<std::string> list(value<uint32_t>());
    for (std::string& item : list) item = string();
    return list;
  }
  template <class T>
  std::vector<T> values() {
    std::vector<T> list(value<uint32_t>());
    if (!list.empty() && !bytes(list.data(), list.size() * sizeof(T))) stop("the input ends early");
    return list;
  }

 private:
  FILE* file_;
};

void write(const void* from, size_t size) { std::fwrite(from, 1, size, stdout); }
void write_count(size_t count) {
  const auto value = static_cast<uint32_t>(count);
  write(&value, sizeof value);
}

TokenizerSource read_source(const char* path) {
  FILE* file = std::fopen(path, "rb");
  if (!file) stop("cannot open the vocabulary");
  Reader in(file);
  TokenizerSource source;
  source.model = in.value<uint32_t>() == 0 ? TokenizerSource::Model::ByteLevelBpe
                                           : TokenizerSource::Model::SentencePieceBpe;
  source.pre_tokenizer = in.string();
  source.tokens = in.strings();
  for (const uint8_t kind : in.values<uint8_t>()) source.kinds.push_back(static_cast<TokenKind>(kind));
  source.scores = in.values<float>();
  source.merges = in.strings();
  for (auto* id : {&source.bos, &source.eos, &source.unk}) {
    if (const auto value = in.value<int32_t>(); value >= 0) *id = static_cast<TokenId>(value);
  }
  source.add_bos = in.value<uint8_t>();
  source.add_eos = in.value<uint8_t>();
  source.add_space_prefix = in.value<uint8_t>();
  source.remove_extra_whitespace = in.value<uint8_t>();
  std::fclose(file);
  return source;
}

void encode(const Tokenizer& tokenizer, Reader& in) {
  const auto flags = in.value<uint8_t>();
  const std::string text = in.string();
  const bool offsets = flags & 4;
  const auto encoding = tokenizer.encode(
      text, {.add_special = (flags & 1) != 0, .parse_special = (flags & 2) != 0, .offsets = offsets});
  if (!encoding) stop(encoding.error().message);
  write_count(encoding->ids.size());
  write(encoding->ids.data(), encoding->ids.size() * sizeof(TokenId));
  if (offsets) write(encoding->offsets.data(), encoding->offsets.size() * sizeof(encoding->offsets[0]));
}

void decode(const Tokenizer& tokenizer, Reader& in, bool stream) {
  const bool skip_special = in.value<uint8_t>() & 1;
  const std::vector<TokenId> ids = in.values<TokenId>();
  std::string text;
  if (stream) {
    StreamDecoder decoder = tokenizer.stream_decoder({.skip_special = skip_special});
    for (const TokenId id : ids) text += decoder.push(id);
    text += decoder.finish();
  } else {
    auto decoded = tokenizer.decode(ids, {.skip_special = skip_special});
    if (!decoded) stop(decoded.error().message);
    text = std::move(*decoded);
  }
  write_count(text.size());
  write(text.data(), text.size());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) stop("usage: tokenizer_driver VOCABULARY");
  const auto tokenizer = Tokenizer::compile(read_source(arguments[1]));
  if (!tokenizer) stop(tokenizer.error().message);
  Reader in(stdin);
  for (char operation; in.bytes(&operation, 1);) {
    if (operation == 'E') {
      encode(**tokenizer, in);
    } else if (operation == 'D' || operation == 'S') {
      decode(**tokenizer, in, operation == 'S');
    } else {
      stop("unknown operation");
    }
  }
  return 0;
}
