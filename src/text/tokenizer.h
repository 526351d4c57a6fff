#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace::text {

using TokenId = uint32_t;

/// Where a token comes from in the original text, in bytes: [begin, end). Always whole
/// characters: the tokens that share a character each have all of it.
struct Offset {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool operator==(const Offset&) const = default;
};

/// What an entry of a vocabulary is for; the values are those of GGUF files.
enum class TokenKind : uint8_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

/// Everything a tokenizer is made of, filled by a reader (a GGUF file now, a
/// tokenizer.json later) and compiled by Tokenizer::compile.
struct TokenizerSource {
  enum class Model : uint8_t { ByteLevelBpe, SentencePieceBpe };
  Model model = Model::ByteLevelBpe;
  /// Name of the split pattern as in `tokenizer.ggml.pre` ("smollm", "llama-bpe",
  /// "qwen2", "default", …); ByteLevelBpe only.
  std::string pre_tokenizer;
  std::vector<std::string> tokens;     ///< by id, spelled as in the file (GPT-2 byte letters, ▁ for space)
  std::vector<float> scores;           ///< SentencePieceBpe: the higher merges first
  std::vector<TokenKind> kinds;        ///< by id; empty: all Normal
  std::vector<std::string> merges;     ///< "left right" in order of rank; ByteLevelBpe only
  std::optional<TokenId> bos, eos, eot, eom, unk, pad, sep;
  std::vector<TokenId> end_of_generation;  ///< more ids at which generation ends
  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = true;        ///< SentencePieceBpe
  bool remove_extra_whitespace = false;  ///< SentencePieceBpe
};

struct EncodeOptions {
  /// Add what the model's settings ask for around a text (BOS, EOS). Never a second
  /// BOS: a text that already begins with it gets none.
  bool add_special = true;
  /// Recognise control tokens ("<|im_start|>") written in the text. When false they
  /// are ordinary text; user-defined added tokens are always recognised.
  bool parse_special = true;
  /// Fill EncodedText::offsets.
  bool offsets = false;
  /// At most this many tokens (0: no limit), cut on the right.
  uint32_t truncate_to = 0;
};

struct EncodedText {
  std::vector<TokenId> ids;
  std::vector<Offset> offsets;    ///< empty unless asked for; {n, n} for added BOS/EOS
  std::vector<uint8_t> type_ids;  ///< 0 for each token of a single text
};

struct DecodeOptions {
  bool skip_special = false;  ///< leave out control tokens
};

/// Decodes one id at a time. What `push` returns, concatenated, with `finish` at
/// the end, equals Tokenizer::decode of all ids, byte for byte. Bytes of a
/// character whose end has not come yet are held back; invalid ones become U+FFFD
/// by the same rule as in `decode`. Never fails: unknown ids are empty text.
class StreamDecoder {
 public:
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;
  StreamDecoder(const StreamDecoder&);
  ~StreamDecoder();

  /// Returns the text that this id completes; the view is valid until the next call.
  std::string_view push(TokenId id);
  /// Returns what is still held back.
  std::string_view finish();

 private:
  friend class Tokenizer;
  struct State;
  explicit StreamDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A compiled, immutable tokenizer; shared by any number of threads.
class Tokenizer {
 public:
  /// Compiles a source. InvalidData names the entry that makes no sense;
  /// Unsupported names a model or pre-tokenizer that is not known.
  static Result<std::shared_ptr<const Tokenizer>> compile(TokenizerSource source);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// Text to ids. Invalid UTF-8 is read as U+FFFD, one for each maximal invalid
  /// part. OutOfRange above 1 GiB.
  Result<EncodedText> encode(std::string_view text, const EncodeOptions& options = {}) const;

  /// Ids to text that is always valid UTF-8. Ids outside the vocabulary are
  /// OutOfRange here (and skipped by a StreamDecoder).
  Result<std::string> decode(std::span<const TokenId> ids, const DecodeOptions& options = {}) const;
  StreamDecoder stream_decoder(const DecodeOptions& options = {}) const;

  uint32_t vocabulary_size() const;
  /// The entry as spelled in the vocabulary; empty outside it. A SentencePiece token of
  /// spaces alone, which GGUF files write as spaces, is spelled with ▁ as in its model.
  std::string_view token(TokenId id) const;
  /// The bytes that the token stands for (its part of a decoded text, without the
  /// joining rules at the beginning); empty for ids outside the vocabulary.
  std::string token_bytes(TokenId id) const;
  TokenKind kind(TokenId id) const;
  /// The id of an entry spelled so in the vocabulary.
  std::optional<TokenId> id(std::string_view token) const;

  std::optional<TokenId> bos() const;
  std::optional<TokenId> eos() const;
  bool adds_bos() const;
  /// Whether generation ends at this id (eos, eot, eom, <end_of_turn> …).
  bool ends_generation(TokenId id) const;
  std::span<const TokenId> end_of_generation() const;

 private:
  friend class StreamDecoder;
  struct State;
  explicit Tokenizer(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace headrace::text
