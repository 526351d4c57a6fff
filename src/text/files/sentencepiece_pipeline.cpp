#include <algorithm>
#include <limits>
#include <unordered_map>

#include "text/components/models/merge_table.h"
#include "text/components/models/token_table.h"
#include "text/files/parts.h"
#include "text/files/sentencepiece_model.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

using Type = SentencePieceModel::Type;
using Piece = SentencePieceModel::Piece;

constexpr const char* kSpaceSymbol = kMetaSymbol.data();
/// A pattern of user-defined pieces that is longer is not made: those become added tokens.
constexpr size_t kLongestPattern = 1 << 15;

bool may_be_matched(const Piece& piece) { return piece.kind == TokenKind::Normal || piece.kind == TokenKind::UserDefined; }

// ---- Normalizer ----

LivePart<NormalizerSpec> normalizer_of(const SentencePieceModel& model) {
  std::vector<LivePart<NormalizerSpec>> parts;
  const auto replace = [&](PatternSpec pattern, const char* content) {
    parts.push_back(live(NormalizerSpec{ReplaceNormalizer{std::move(pattern), content}}));
  };
  const char* const space = model.escape_whitespaces ? kSpaceSymbol : " ";
  if (!model.charsmap.empty()) parts.push_back(live(NormalizerSpec{Precompiled{model.charsmap, true}}));
  if (model.remove_extra_whitespaces) {
    replace(RegexPattern{R"(\A +)"}, "");
    replace(RegexPattern{" {2,}"}, " ");
    replace(RegexPattern{model.escape_whitespaces ? R"([ ▁]+\z)" : R"( +\z)"}, "");
  }
  if (model.add_dummy_prefix) {
    if (model.treat_whitespace_as_suffix) {
      replace(RegexPattern{R"((?<=[\s\S])\z)"}, space);
    } else {
      parts.push_back(live(NormalizerSpec{Prepend{space}}));
    }
  }
  if (model.escape_whitespaces) replace(StringPattern{" "}, kSpaceSymbol);
  if (parts.empty()) return nullptr;
  if (parts.size() == 1) return parts[0];
  return live(NormalizerSpec{NormalizerSequence{std::move(parts)}});
}

// ---- Decoder ----

LivePart<DecoderSpec> decoder_of(const SentencePieceModel& model) {
  std::vector<LivePart<DecoderSpec>> parts;
  parts.push_back(live(DecoderSpec{ReplaceDecoder{StringPattern{kSpaceSymbol}, " "}}));
  if (model.byte_fallback) parts.push_back(live(DecoderSpec{ByteFallback{}}));
  parts.push_back(live(DecoderSpec{Fuse{}}));
  if (model.add_dummy_prefix || model.remove_extra_whitespaces) {
    parts.push_back(live(DecoderSpec{StripDecoder{U' ', 1, 0}}));
  }
  return live(DecoderSpec{DecoderSequence{std::move(parts)}});
}

// ---- Models ----

/// SentencePiece joins the neighbours whose piece has the highest score. All the ways to
/// make a piece of two others, best piece first, are the merges that do the same.
class MergesByScore {
 public:
  explicit MergesByScore(const SentencePieceModel& model) : pieces_(model.pieces) {
    by_text_.reserve(pieces_.size());
    for (TokenId id = 0; id < pieces_.size(); ++id) {
      // Control and byte pieces never come of merging; user-defined ones are found before it.
      if (pieces_[id].kind != TokenKind::Normal) continue;
      by_text_.emplace(pieces_[id].text, id);
      const size_t length = pieces_[id].text.size();
      if (length >= lengths_.size()) lengths_.resize(length + 1);
      lengths_[length] = true;
    }
  }

  std::shared_ptr<const MergeTable> make() {
    for (TokenId id = 0; id < pieces_.size(); ++id) {
      if (pieces_[id].kind == TokenKind::Normal) add(id);
    }
    std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.score > b.score; });
    std::vector<MergeTable::Entry> merges;
    merges.reserve(found_.size());
    for (const Found& found : found_) merges.push_back(found.merge);
    return MergeTable::of(std::move(merges));
  }

 private:
  struct Found {
    float score;
    MergeTable::Entry merge;
  };

  /// The id of a text. Hashes only lengths that some piece has: a hostile piece of a
  /// megabyte takes no quadratic time.
  std::optional<TokenId> find(std::string_view text) const {
    if (text.size() >= lengths_.size() || !lengths_[text.size()]) return std::nullopt;
    const auto found = by_text_.find(text);
    if (found == by_text_.end()) return std::nullopt;
    return found->second;
  }

  /// Shorter left parts first.
  void add(TokenId id) {
    const std::string_view text = pieces_[id].text;
    for (size_t at = utf8::length_by_lead(text[0]); at < text.size(); at += utf8::length_by_lead(text[at])) {
      const auto left = find(text.substr(0, at));
      const auto right = left ? find(text.substr(at)) : std::nullopt;
      if (right) found_.push_back({pieces_[id].score, {*left, *right, id}});
    }
  }

  const std::vector<Piece>& pieces_;
  std::unordered_map<std::string_view, TokenId> by_text_;
  std::vector<bool> lengths_;  // in bytes, of the pieces
  std::vector<Found> found_;
};

Result<std::shared_ptr<const TokenTable>> table_of(const SentencePieceModel& model) {
  std::vector<TokenEntry> entries;
  entries.reserve(model.pieces.size());
  for (TokenId id = 0; id < model.pieces.size(); ++id) entries.push_back({model.pieces[id].text, id});
  return TokenTable::build(entries);
}

Result<ModelSpec> bpe_of(const SentencePieceModel& model, bool whole_pieces) {
  BpeModel bpe;
  HR_TRY(bpe.vocabulary, table_of(model));
  if (model.type == Type::Bpe) bpe.merges = MergesByScore(model).make();
  bpe.byte_fallback = model.byte_fallback;
  bpe.fuse_unk = true;
  bpe.ignore_merges = whole_pieces;
  if (const auto unknown = model.find(TokenKind::Unknown)) bpe.unk_token = model.pieces[*unknown].text;
  return ModelSpec{std::move(bpe)};
}

/// What a user-defined piece of any length counts in SentencePiece.
constexpr double kUserDefinedScore = -0.1;

/// The score of a user-defined piece is such that it always wins, and control, unknown,
/// byte and unused pieces are not matched. The latter keep the reference's unknown score,
/// which is below the least of all pieces, where SentencePiece has it: below the normal ones.
ModelSpec unigram_of(const SentencePieceModel& model) {
  float least = std::numeric_limits<float>::max();
  for (const Piece& piece : model.pieces) {
    if (piece.kind != TokenKind::Normal) continue;
    least = std::min(least, piece.score);
  }
  if (least == std::numeric_limits<float>::max()) least = 0;
  auto pieces = std::make_shared<std::vector<std::pair<std::string, double>>>();
  auto unmatched = std::make_shared<std::vector<TokenId>>();
  for (TokenId id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    double score = piece.score;
    if (piece.kind == TokenKind::UserDefined) score = kUserDefinedScore;
    if (!may_be_matched(piece)) {
      score = std::max(piece.score, least);
      unmatched->push_back(id);
    }
    pieces->emplace_back(piece.text, score);
  }
  UnigramModel unigram;
  unigram.pieces = std::move(pieces);
  unigram.unmatched = std::move(unmatched);
  unigram.unk_id = model.find(TokenKind::Unknown);
  unigram.byte_fallback = model.byte_fallback;
  return ModelSpec{std::move(unigram)};
}

Result<ModelSpec> word_level_of(const SentencePieceModel& model) {
  WordLevelModel words;
  HR_TRY(words.vocabulary, table_of(model));
  if (const auto unknown = model.find(TokenKind::Unknown)) words.unk_token = model.pieces[*unknown].text;
  return ModelSpec{std::move(words)};
}

// ---- User-defined pieces ----

void append_escaped(std::string& pattern, std::string_view text) {
  for (const char c : text) {
    if (std::string_view(R"(\^$.|?*+()[]{}-/#&~ )").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
}

/// A pattern of all user-defined pieces, longest first; empty if there are none.
std::string user_defined_pattern(const SentencePieceModel& model) {
  std::vector<std::string_view> texts;
  for (const Piece& piece : model.pieces) {
    if (piece.kind == TokenKind::UserDefined) texts.push_back(piece.text);
  }
  std::stable_sort(texts.begin(), texts.end(), [](auto a, auto b) { return a.size() > b.size(); });
  std::string pattern;
  for (const std::string_view text : texts) {
    if (!pattern.empty()) pattern += '|';
    append_escaped(pattern, text);
  }
  return pattern;
}

bool is_changed_by(const NormalizerStage* stage, const std::string& text) {
  if (!stage) return false;
  NormalizedString normalized(text);
  return !stage->normalize(normalized) || normalized.normalized() != text;
}

Result<void> add_tokens(const SentencePieceModel& model, bool user_defined, Pipeline& pipeline) {
  std::shared_ptr<const NormalizerStage> stage;
  if (const auto normalizer = pipeline.normalizer()) {
    HR_TRY(stage, normalizer->stage());
  }
  std::vector<AddedToken> tokens;
  for (const Piece& piece : model.pieces) {
    if (piece.kind == TokenKind::Control || piece.kind == TokenKind::Unknown) {
      tokens.push_back({.content = piece.text, .normalized = false, .special = true});
    } else if (piece.kind == TokenKind::UserDefined && user_defined) {
      // A piece with ▁ is found in normalised text alone, and so is every piece that the
      // normalizer lets be.
      tokens.push_back({.content = piece.text, .normalized = !is_changed_by(stage.get(), piece.text)});
    }
  }
  HR_CHECK(pipeline.add_tokens(tokens));
  return {};
}

}  // namespace

Result<Pipeline> pipeline_of(const SentencePieceModel& model) {
  // User-defined pieces are added tokens where nothing is put in front of a text and nothing
  // is taken from its ends; otherwise a pattern cuts them out of the normalised text and the
  // model takes them whole. Unigram's scores do it by themselves.
  const bool merging = model.type == Type::Bpe || model.type == Type::Char;
  const std::string pattern = merging ? user_defined_pattern(model) : "";
  const bool cuts = !pattern.empty() && pattern.size() <= kLongestPattern && (model.add_dummy_prefix || model.remove_extra_whitespaces);
  ModelSpec spec;
  switch (model.type) {
    case Type::Unigram: spec = unigram_of(model); break;
    case Type::Word: {
      HR_TRY(spec, word_level_of(model));
      break;
    }
    default: {
      HR_TRY(spec, bpe_of(model, cuts));
    }
  }
  Pipeline pipeline(live(std::move(spec)));
  pipeline.set_normalizer(normalizer_of(model));
  pipeline.set_decoder(decoder_of(model));
  if (cuts) pipeline.set_pre_tokenizer(live(PreTokenizerSpec{SplitPreTokenizer{RegexPattern{pattern}, SplitBehavior::Isolated, false}}));
  if (model.type == Type::Word) {
    const auto behavior = model.treat_whitespace_as_suffix ? SplitBehavior::MergedWithPrevious : SplitBehavior::MergedWithNext;
    pipeline.set_pre_tokenizer(live(PreTokenizerSpec{SplitPreTokenizer{StringPattern{kSpaceSymbol}, behavior, false}}));
  }
  HR_CHECK(add_tokens(model, merging && !cuts, pipeline));
  return pipeline;
}

}  // namespace headrace::text
