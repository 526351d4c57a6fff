#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "text/encoding.h"
#include "text/normalized_string.h"

/// The parts that a tokenizer is assembled from, as Hugging Face names them. A part is
/// written twice: as a *spec*, plain data with the parameters of the JSON form, and as a
/// *stage*, the immutable object that is compiled from a spec and does the work. `Live`
/// holds a spec that several tokenizers and sequences may share and anybody may change;
/// a change affects the calls that begin after it.
namespace headrace::text {

// ---- Stages ----

class NormalizerStage {
 public:
  virtual ~NormalizerStage() = default;
  virtual Result<void> normalize(NormalizedString& text) const = 0;
};

class PreTokenizerStage {
 public:
  virtual ~PreTokenizerStage() = default;
  virtual Result<void> pre_tokenize(PreTokenizedString& text) const = 0;
};

class ModelStage {
 public:
  virtual ~ModelStage() = default;
  /// Appends the tokens of one piece; offsets are bytes of `text`.
  virtual Result<void> tokenize(std::string_view text, std::vector<ModelToken>& tokens) const = 0;
  virtual std::optional<TokenId> token_to_id(std::string_view token) const = 0;
  virtual std::optional<std::string> id_to_token(TokenId id) const = 0;
  virtual size_t vocabulary_size() const = 0;
  virtual void for_each_token(const std::function<void(std::string_view token, TokenId id)>& f) const = 0;
  /// Writes the files that Hugging Face writes for this model ("vocab.json" and
  /// "merges.txt", "vocab.txt", "unigram.json") and returns their paths.
  virtual Result<std::vector<std::string>> save(const std::string& folder, const std::optional<std::string>& prefix) const = 0;
};

class PostProcessorStage {
 public:
  virtual ~PostProcessorStage() = default;
  virtual size_t added_tokens(bool is_pair) const = 0;
  /// One encoding a sequence in, one encoding a part of the template out.
  virtual Result<std::vector<Encoding>> process(std::vector<Encoding> encodings, bool add_special_tokens) const = 0;
};

class DecoderStage {
 public:
  virtual ~DecoderStage() = default;
  /// The pieces that, joined, are the text.
  virtual Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const = 0;
};

// ---- Live specs ----

/// Grows with every change of any spec; equal values mean that nothing has changed.
uint64_t component_generation();
/// Marks a change: returns a number that no earlier change has.
uint64_t next_component_generation();

/// A shared, changeable spec with its compiled stage. Thread-safe.
template <class Spec>
class Live {
 public:
  using Stage = typename Spec::Stage;

  explicit Live(Spec spec) : spec_(std::move(spec)), changed_(next_component_generation()) {}

  /// A copy; vocabularies and the parts of a sequence are shared, not copied.
  Spec get() const {
    const std::lock_guard lock(mutex_);
    return spec_;
  }
  void set(Spec spec) {
    const std::lock_guard lock(mutex_);
    spec_ = std::move(spec);
    changed_ = next_component_generation();
  }
  /// Changes the spec in place: `edit(Spec&)`.
  template <class Edit>
  void edit(Edit&& edit) {
    const std::lock_guard lock(mutex_);
    std::forward<Edit>(edit)(spec_);
    changed_ = next_component_generation();
  }
  /// The generation of the last change of this spec or of a part of it.
  uint64_t changed() const;
  /// The stage compiled from the spec as it is now; the same object until it changes.
  Result<std::shared_ptr<const Stage>> stage() const;

 private:
  mutable std::mutex mutex_;
  Spec spec_;
  uint64_t changed_;
  mutable uint64_t compiled_at_ = 0;
  mutable std::shared_ptr<const Stage> stage_;
};

template <class Spec>
using LivePart = std::shared_ptr<Live<Spec>>;

// ---- Patterns ----

struct StringPattern {
  std::string text;
  bool operator==(const StringPattern&) const = default;
};
struct RegexPattern {
  std::string text;
  bool operator==(const RegexPattern&) const = default;
};
using PatternSpec = std::variant<StringPattern, RegexPattern>;

enum class PrependScheme : uint8_t { First, Never, Always };

// ---- Normalizers ----

struct NormalizerSpec;

struct BertNormalizer {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents = {};  ///< none: as `lowercase`
  bool lowercase = true;
};
struct ByteLevelNormalizer {};
struct Nfc {};
struct Nfd {};
struct Nfkc {};
struct Nfkd {};
struct Nmt {};
struct Lowercase {};
struct StripAccents {};
struct StripNormalizer {
  bool strip_left = true;
  bool strip_right = true;
};
struct Prepend {
  std::string prepend;
};
struct Precompiled {
  std::string charsmap;  ///< the bytes of SentencePiece's precompiled_charsmap
  /// Replace the longest key at each place, as SentencePiece does, instead of the first
  /// key of a cluster. Hugging Face passes over it in JSON ("longest_match").
  bool longest_match = false;
};
struct ReplaceNormalizer {
  PatternSpec pattern;
  std::string content;
};
struct NormalizerSequence {
  std::vector<LivePart<NormalizerSpec>> parts;
};
struct CustomNormalizer {
  std::shared_ptr<const NormalizerStage> stage;  ///< a program's own; has no JSON form
};

struct NormalizerSpec {
  using Stage = NormalizerStage;
  std::variant<BertNormalizer, ByteLevelNormalizer, Nfc, Nfd, Nfkc, Nfkd, Nmt, Lowercase, StripAccents, StripNormalizer, Prepend,
               Precompiled, ReplaceNormalizer, NormalizerSequence, CustomNormalizer>
      value;
};

// ---- Pre-tokenizers ----

struct PreTokenizerSpec;

struct BertPreTokenizer {};
struct ByteLevelPreTokenizer {
  bool add_prefix_space = true;
  bool trim_offsets = true;
  bool use_regex = true;
};
struct CharDelimiterSplit {
  char32_t delimiter = U' ';
};
struct Digits {
  bool individual_digits = false;
};
struct FixedLength {
  size_t length = 5;
};
struct MetaspacePreTokenizer {
  char32_t replacement = U'▁';
  PrependScheme prepend_scheme = PrependScheme::Always;
  bool split = true;
};
struct Punctuation {
  SplitBehavior behavior = SplitBehavior::Isolated;
};
struct SplitPreTokenizer {
  PatternSpec pattern;
  SplitBehavior behavior = SplitBehavior::Removed;
  bool invert = false;
};
struct UnicodeScripts {};
struct Whitespace {};
struct WhitespaceSplit {};
struct PreTokenizerSequence {
  std::vector<LivePart<PreTokenizerSpec>> parts;
};
struct CustomPreTokenizer {
  std::shared_ptr<const PreTokenizerStage> stage;
};

struct PreTokenizerSpec {
  using Stage = PreTokenizerStage;
  std::variant<BertPreTokenizer, ByteLevelPreTokenizer, CharDelimiterSplit, Digits, FixedLength, MetaspacePreTokenizer, Punctuation,
               SplitPreTokenizer, UnicodeScripts, Whitespace, WhitespaceSplit, PreTokenizerSequence, CustomPreTokenizer>
      value;
};

// ---- Models ----

/// Spellings and ids, shared by specs and stages. Immutable.
class TokenTable;
/// The merges of a BPE model by rank, resolved against its vocabulary. Immutable.
class MergeTable;

/// Builds the tables. InvalidArgument names the first entry that makes no sense (a merge
/// whose parts or result are not in the vocabulary, an id given twice …) in Hugging
/// Face's words where its users match on them.
Result<std::shared_ptr<const TokenTable>> make_token_table(std::vector<std::pair<std::string, TokenId>> vocabulary);
Result<std::shared_ptr<const MergeTable>> make_merge_table(const TokenTable& vocabulary,
                                                           std::span<const std::pair<std::string, std::string>> merges,
                                                           const std::optional<std::string>& continuing_subword_prefix);
/// The entries in order of id, and the merges in order of rank.
std::vector<std::pair<std::string, TokenId>> entries(const TokenTable& vocabulary);
std::vector<std::pair<std::string, std::string>> entries(const MergeTable& merges, const TokenTable& vocabulary);

/// The files that the models' `save` writes. NotFound, Io or InvalidData in Hugging
/// Face's words. "vocab.json": a map of ids (what is no number in it is passed over);
/// "merges.txt": a merge a line; "vocab.txt": a token a line, its id the line's number.
Result<std::vector<std::pair<std::string, TokenId>>> read_vocabulary_json(const std::filesystem::path& path);
Result<std::vector<std::pair<std::string, std::string>>> read_merges_text(const std::filesystem::path& path);
Result<std::vector<std::pair<std::string, TokenId>>> read_vocabulary_text(const std::filesystem::path& path);

struct BpeModel {
  std::shared_ptr<const TokenTable> vocabulary;  ///< null: empty
  std::shared_ptr<const MergeTable> merges;      ///< null: none
  std::optional<float> dropout;
  std::optional<std::string> unk_token;
  std::optional<std::string> continuing_subword_prefix;
  std::optional<std::string> end_of_word_suffix;
  bool fuse_unk = false;
  bool byte_fallback = false;
  bool ignore_merges = false;
  size_t cache_capacity = 10'000;
  std::optional<uint64_t> seed;  ///< of dropout; none: fresh randomness
};
struct WordPieceModel {
  std::shared_ptr<const TokenTable> vocabulary;
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  size_t max_input_chars_per_word = 100;
};
struct WordLevelModel {
  std::shared_ptr<const TokenTable> vocabulary;
  std::string unk_token = "<unk>";
};
struct UnigramModel {
  std::shared_ptr<const std::vector<std::pair<std::string, double>>> pieces;  ///< by id; null: empty
  std::optional<size_t> unk_id;
  bool byte_fallback = false;
  std::optional<double> alpha;        ///< sampling; none: the best segmentation
  std::optional<size_t> nbest_size;
  std::optional<uint64_t> seed;
  /// Ids of pieces that no text is divided into (control, byte and unused pieces of
  /// SentencePiece), ascending; if there are any, scores round as SentencePiece's do.
  /// Hugging Face passes over them in JSON ("unmatched_ids").
  std::shared_ptr<const std::vector<TokenId>> unmatched = nullptr;
};
struct CustomModel {
  std::shared_ptr<const ModelStage> stage;
};

struct ModelSpec {
  using Stage = ModelStage;
  std::variant<BpeModel, WordPieceModel, WordLevelModel, UnigramModel, CustomModel> value;
};

// ---- Post-processors ----

struct PostProcessorSpec;

using TokenAndId = std::pair<std::string, TokenId>;

struct BertProcessing {
  TokenAndId sep;
  TokenAndId cls;
};
struct RobertaProcessing {
  TokenAndId sep;
  TokenAndId cls;
  bool trim_offsets = true;
  bool add_prefix_space = true;
};
struct ByteLevelProcessing {
  bool add_prefix_space = true;
  bool trim_offsets = true;
  bool use_regex = true;
};
struct TemplatePiece {
  std::string id;           ///< "A" or "B" for a sequence, else a key of special_tokens
  bool is_sequence = false;
  uint32_t type_id = 0;
  bool operator==(const TemplatePiece&) const = default;
};
struct TemplateSpecialToken {
  std::string id;
  std::vector<TokenId> ids;
  std::vector<std::string> tokens;
  bool operator==(const TemplateSpecialToken&) const = default;
};
struct TemplateProcessing {
  std::vector<TemplatePiece> single;
  std::vector<TemplatePiece> pair;
  std::map<std::string, TemplateSpecialToken> special_tokens;  ///< by the name that pieces use, as a rule its id
};
struct PostProcessorSequence {
  std::vector<LivePart<PostProcessorSpec>> parts;
};
struct CustomPostProcessor {
  std::shared_ptr<const PostProcessorStage> stage;
};

struct PostProcessorSpec {
  using Stage = PostProcessorStage;
  std::variant<BertProcessing, RobertaProcessing, ByteLevelProcessing, TemplateProcessing, PostProcessorSequence, CustomPostProcessor> value;
};

/// "[CLS] $A:0 [SEP]:1" and the like, in the reference's grammar, or a list of such pieces.
Result<std::vector<TemplatePiece>> parse_template(std::string_view text);
Result<TemplatePiece> parse_template_piece(std::string_view text);
/// What a program that builds a template is told: `pair` must use both sequences, and every
/// special token must be known. (A template from a file is checked when it is used.)
Result<void> check_template(const TemplateProcessing& spec);

// ---- Decoders ----

struct DecoderSpec;

struct BpeDecoder {
  std::string suffix = "</w>";
};
struct ByteFallback {};
struct ByteLevelDecoder {
  bool add_prefix_space = true;
  bool trim_offsets = true;
  bool use_regex = true;
};
struct Ctc {
  std::string pad_token = "<pad>";
  std::string word_delimiter_token = "|";
  bool cleanup = true;
};
struct Fuse {};
struct MetaspaceDecoder {
  char32_t replacement = U'▁';
  PrependScheme prepend_scheme = PrependScheme::Always;
  bool split = true;
};
struct ReplaceDecoder {
  PatternSpec pattern;
  std::string content;
};
struct StripDecoder {
  char32_t content = U' ';
  size_t start = 0;
  size_t stop = 0;
};
struct WordPieceDecoder {
  std::string prefix = "##";
  bool cleanup = true;
};
struct DecoderSequence {
  std::vector<LivePart<DecoderSpec>> parts;
};
struct CustomDecoder {
  std::shared_ptr<const DecoderStage> stage;
};

struct DecoderSpec {
  using Stage = DecoderStage;
  std::variant<BpeDecoder, ByteFallback, ByteLevelDecoder, Ctc, Fuse, MetaspaceDecoder, ReplaceDecoder, StripDecoder, WordPieceDecoder,
               DecoderSequence, CustomDecoder>
      value;
};

// ---- Compiling and JSON ----

Result<std::shared_ptr<const NormalizerStage>> compile(const NormalizerSpec& spec);
Result<std::shared_ptr<const PreTokenizerStage>> compile(const PreTokenizerSpec& spec);
Result<std::shared_ptr<const ModelStage>> compile(const ModelSpec& spec);
Result<std::shared_ptr<const PostProcessorStage>> compile(const PostProcessorSpec& spec);
Result<std::shared_ptr<const DecoderStage>> compile(const DecoderSpec& spec);

/// Reads a part's JSON form as tokenizers 0.23 accepts it, legacy forms included
/// (untyped models, both spellings of merges, old Metaspace). InvalidData says what is
/// wrong, with the words that the reference's callers look for.
template <class Spec>
Result<Spec> read_component(std::string_view json);
/// Writes the JSON form that tokenizers 0.23 writes, compact; Unsupported for a part of
/// a program's own.
template <class Spec>
Result<std::string> write_component(const Spec& spec);

/// The stamps of a sequence's parts; for Live::changed.
uint64_t changed_within(const NormalizerSpec& spec);
uint64_t changed_within(const PreTokenizerSpec& spec);
uint64_t changed_within(const ModelSpec& spec);
uint64_t changed_within(const PostProcessorSpec& spec);
uint64_t changed_within(const DecoderSpec& spec);

template <class Spec>
uint64_t Live<Spec>::changed() const {
  const std::lock_guard lock(mutex_);
  return std::max(changed_, changed_within(spec_));
}

template <class Spec>
Result<std::shared_ptr<const typename Spec::Stage>> Live<Spec>::stage() const {
  const std::lock_guard lock(mutex_);
  const uint64_t now = std::max(changed_, changed_within(spec_));
  if (!stage_ || compiled_at_ != now) {
    HR_TRY(stage_, compile(spec_));
    compiled_at_ = now;
  }
  return stage_;
}

}  // namespace headrace::text
