#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "text/components.h"
#include "text/incremental_decoder.h"

namespace headrace::text {

/// A token that is found in a text before the model sees it.
struct AddedToken {
  std::string content;
  bool single_word = false;  ///< not inside a word
  bool lstrip = false;       ///< takes the white space on its left
  bool rstrip = false;
  bool normalized = true;    ///< looked for in the normalised text
  bool special = false;      ///< left out of decoded text on request
  bool operator==(const AddedToken&) const = default;
};

struct TruncationParams {
  enum class Strategy : uint8_t { LongestFirst, OnlyFirst, OnlySecond };
  size_t max_length = 512;
  size_t stride = 0;
  Strategy strategy = Strategy::LongestFirst;
  Side direction = Side::Right;
  bool operator==(const TruncationParams&) const = default;
};

struct PaddingParams {
  std::optional<size_t> length;  ///< none: the longest of the batch
  Side direction = Side::Right;
  std::optional<size_t> pad_to_multiple_of;
  TokenId pad_id = 0;
  uint32_t pad_type_id = 0;
  std::string pad_token = "[PAD]";
  bool operator==(const PaddingParams&) const = default;
};

/// A text, or a text that the caller has cut into words.
using SequenceInput = std::variant<std::string_view, std::span<const std::string>>;

struct PipelineInput {
  SequenceInput first;
  std::optional<SequenceInput> second;
};

/// What becomes of bytes that are not UTF-8.
enum class InvalidUtf8 : uint8_t {
  Refuse,   ///< InvalidArgument
  Replace,  ///< U+FFFD for each maximal invalid part; offsets are those of the text so repaired
  Trust,    ///< nothing: the caller knows that there are none
};

struct PipelineOptions {
  bool add_special_tokens = true;
  OffsetUnit unit = OffsetUnit::Byte;
  /// Tokens, offsets and words stay empty of meaning ("", zeros, kNoWord): only ids and
  /// masks are wanted.
  bool ids_only = false;
  InvalidUtf8 invalid_utf8 = InvalidUtf8::Refuse;
  bool truncate = true;  ///< as the pipeline is set; false: not in this call
  bool pad = true;       ///< the same
  /// Whether special tokens that a text spells are text; none: as the pipeline is set.
  std::optional<bool> encode_special_tokens = {};
};

/// A part of a text. Special tokens are recognised in trusted parts only.
struct TextSegment {
  std::string_view text;
  bool trusted = false;
};

/// The ids of a text, and how to have all of its Encoding.
struct DeferredEncoding {
  std::vector<TokenId> ids;
  /// What Pipeline::encode would have given at the time; wants the same text once more.
  std::function<Result<Encoding>(std::string_view text)> rest;
};

/// The ids of several texts, one after another.
struct IdRows {
  std::vector<TokenId> ids;
  std::vector<Offset> offsets;      ///< empty unless asked for
  std::vector<int64_t> row_starts;  ///< one more than texts: text i has ids [row_starts[i], row_starts[i + 1])
};

/// What Hugging Face calls a tokenizer: live parts, added tokens, truncation and padding.
/// Each call works on the state as it is when the call begins; setters and calls may come
/// from any thread. Ids, offsets and masks are those of tokenizers 0.23.
class Pipeline {
 public:
  explicit Pipeline(LivePart<ModelSpec> model);
  Pipeline(const Pipeline&);  ///< its own added tokens and settings; shares the parts
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  /// Reads a tokenizer.json: 0.x with its legacy forms, and 1.0's.
  static Result<Pipeline> from_json(std::string_view json);
  /// Or the compiled form of one.
  static Result<Pipeline> from_file(const std::filesystem::path& path);
  /// The bytes of either, which are copied where that is needed.
  static Result<Pipeline> from_memory(std::string_view bytes);
  /// Makes now the tables that longer texts are encoded with, if there are such for the parts as they are; else the
  /// first longer text, or many short ones, would wait for them.
  void make_tables() const;
  /// The JSON that tokenizers 0.23 writes and reads.
  Result<std::string> to_json(bool pretty) const;
  Result<void> save(const std::filesystem::path& path, bool pretty) const;

  /// The compiled form: what the JSON says, and the tables that encoding needs. A file of it is mapped by `from_file`
  /// and used where it lies, so it is replaced (as save_compiled does) and never written to while it is in use.
  Result<std::string> to_compiled() const;
  Result<void> save_compiled(const std::filesystem::path& path) const;
  /// From bytes, which are copied; `name` is for messages.
  static Result<Pipeline> from_compiled(std::string_view bytes, std::string_view name);

  LivePart<NormalizerSpec> normalizer() const;  ///< null: none
  LivePart<PreTokenizerSpec> pre_tokenizer() const;
  LivePart<ModelSpec> model() const;
  LivePart<PostProcessorSpec> post_processor() const;
  LivePart<DecoderSpec> decoder() const;
  void set_normalizer(LivePart<NormalizerSpec> part);
  void set_pre_tokenizer(LivePart<PreTokenizerSpec> part);
  void set_model(LivePart<ModelSpec> part);
  void set_post_processor(LivePart<PostProcessorSpec> part);
  void set_decoder(LivePart<DecoderSpec> part);

  std::optional<TruncationParams> truncation() const;
  std::optional<PaddingParams> padding() const;
  /// InvalidArgument unless stride leaves room (Hugging Face's message).
  Result<void> set_truncation(std::optional<TruncationParams> params);
  void set_padding(std::optional<PaddingParams> params);
  bool encode_special_tokens() const;
  void set_encode_special_tokens(bool value);

  /// Add tokens; return how many were new to the vocabulary.
  Result<size_t> add_tokens(std::span<const AddedToken> tokens);
  Result<size_t> add_special_tokens(std::span<const AddedToken> tokens);
  std::map<TokenId, AddedToken> added_tokens() const;

  std::optional<TokenId> token_to_id(std::string_view token) const;
  std::optional<std::string> id_to_token(TokenId id) const;
  size_t vocabulary_size(bool with_added_tokens) const;
  std::vector<std::pair<std::string, TokenId>> vocabulary(bool with_added_tokens) const;
  size_t num_special_tokens_to_add(bool is_pair) const;

  Result<Encoding> encode(const PipelineInput& input, const PipelineOptions& options = {}) const;
  /// All inputs on the pool, padded together if padding asks for it.
  Result<std::vector<Encoding>> encode_batch(std::span<const PipelineInput> inputs, const PipelineOptions& options = {}) const;
  /// The same with the ids at first. None where they do not come faster than all of the Encodings.
  Result<std::optional<std::vector<DeferredEncoding>>> encode_batch_deferred(std::span<const std::string_view> texts,
                                                                             const PipelineOptions& options = {}) const;
  /// The ids alone (replaced, not appended), and where they come from if `offsets` is not null.
  Result<void> encode_ids(std::string_view text, const PipelineOptions& options, std::vector<TokenId>& ids,
                          std::vector<Offset>* offsets = nullptr) const;
  Result<IdRows> encode_batch_ids(std::span<const std::string_view> texts, const PipelineOptions& options, bool offsets) const;
  /// Encodes the segments as the one text that they make, but no special token comes out of
  /// text that is not trusted: neither one that is spelled there or across a border, nor one
  /// that the model's own vocabulary would yield (such a token is cut after its first
  /// character). The model's unknown token may still stand for what it does not know.
  /// Offsets are of the joined text. Each segment is valid UTF-8 of its own.
  Result<void> encode_segments(std::span<const TextSegment> segments, const PipelineOptions& options, std::vector<TokenId>& ids,
                               std::vector<Offset>* offsets = nullptr) const;
  /// Truncates, adds special tokens and pads what `encode` would have.
  Result<Encoding> post_process(Encoding first, std::optional<Encoding> second, bool add_special_tokens) const;

  /// Ids outside the vocabulary are left out.
  Result<std::string> decode(std::span<const TokenId> ids, bool skip_special_tokens) const;
  Result<std::vector<std::string>> decode_batch(std::span<const std::vector<TokenId>> batch, bool skip_special_tokens) const;
  /// Decodes id by id to the same text as `decode`.
  Result<IncrementalDecoder> incremental_decoder(bool skip_special_tokens) const;

 private:
  friend Result<Pipeline> open_compiled(const std::filesystem::path& path);
  static Result<Pipeline> from_compiled(std::shared_ptr<const void> owner, std::span<char> data);
  struct State;
  std::shared_ptr<State> state_;
};

/// Applies a post-processor to one sequence or two and joins what it makes; without one
/// (null) the sequences follow one another.
Result<Encoding> apply(const PostProcessorStage* post_processor, Encoding first, std::optional<Encoding> second,
                       bool add_special_tokens);

/// Hugging Face's incremental decoder, errors included.
class DecodeStream {
 public:
  DecodeStream(std::vector<TokenId> prompt, bool skip_special_tokens);
  /// The text that these ids complete, or none yet. InvalidData ("Invalid prefix
  /// encountered …") when a decoder changed what was given out before.
  Result<std::optional<std::string>> step(const Pipeline& pipeline, std::span<const TokenId> ids);

 private:
  bool skip_special_tokens_;
  std::vector<TokenId> ids_;
  std::string prefix_;
  size_t prefix_index_ = 0;
};

}  // namespace headrace::text
