#include "text/bpe/sentencepiece_bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"
#include "text/vocabulary/token_bytes.h"

namespace headrace::text {
namespace {

/// Maps scores to integers whose ascending order is the scores' descending one.
uint32_t descending(float score) {
  const auto bits = std::bit_cast<uint32_t>(score + 0.0f);  // -0 and 0 are one score
  return bits >> 31 ? bits : ~(bits | 0x80000000u);
}

uint64_t characters(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char c) { return !utf8::is_continuation(c); }));
}

}  // namespace

SentencePieceBpe::SentencePieceBpe(const Vocabulary& vocabulary)
    : vocabulary_(&vocabulary), unknown_(StringIndex::kNone), memo_(vocabulary.size()) {}

Result<SentencePieceBpe> SentencePieceBpe::build(const Vocabulary& vocabulary, const std::vector<float>& scores,
                                                 std::optional<TokenId> unknown) {
  if (scores.size() != vocabulary.size()) {
    return fail(ErrorKind::InvalidData, fmt::format("The vocabulary has {} tokens but {} scores.", vocabulary.size(),
                                                    scores.size()));
  }
  SentencePieceBpe bpe(vocabulary);
  bpe.score_order_.resize(scores.size());
  for (TokenId id = 0; id < scores.size(); ++id) {
    // A user-defined token's score is 0 in the models themselves; files write -1000.
    const bool user_defined = vocabulary.kind(id) == TokenKind::UserDefined;
    bpe.score_order_[id] = descending(user_defined ? 0.0f : scores[id]);
  }
  bpe.find_atoms(unknown);
  bpe.find_glue();
  return bpe;
}

void SentencePieceBpe::find_atoms(std::optional<TokenId> unknown) {
  atomic_.resize(vocabulary_->size());
  byte_token_.fill(StringIndex::kNone);
  if (unknown && *unknown < vocabulary_->size()) unknown_ = *unknown;
  for (TokenId id = 0; id < vocabulary_->size(); ++id) {
    const std::string_view spelling = vocabulary_->spelling(id);
    const int byte = named_byte(spelling);
    if (byte >= 0) byte_token_[byte] = id;
    atomic_[id] = byte >= 0 || vocabulary_->is_special(id) || id == unknown_;
    if (!atomic_[id]) longest_ = std::max(longest_, spelling.size());
  }
  for (int c = 0; c < 128; ++c) {
    const char character = static_cast<char>(c);
    ascii_token_[c] = vocabulary_->find({&character, 1});
  }
  has_space_ = vocabulary_->find(kMetaSymbol) != StringIndex::kNone;
}

void SentencePieceBpe::find_glue() {
  for (TokenId id = 0; id < vocabulary_->size(); ++id) {
    const std::string_view spelling = vocabulary_->spelling(id);
    if (atomic_[id] || utf8::valid_prefix(spelling) != spelling.size()) continue;
    for (size_t at = spelling.find(kMetaSymbol, 1); at != std::string_view::npos; at = spelling.find(kMetaSymbol, at + 1)) {
      size_t before = at - 1;
      while (utf8::is_continuation(spelling[before])) --before;
      uint32_t length;
      const char32_t character = utf8::decode(spelling.data() + before, length);
      if (character != kMetaCharacter) glue_.push_back(character);
    }
  }
  std::sort(glue_.begin(), glue_.end());
  glue_.erase(std::unique(glue_.begin(), glue_.end()), glue_.end());
}

size_t SentencePieceBpe::unit_end(std::string_view text, size_t from) const {
  if (!has_space_) return text.size();
  for (size_t at = text.find(kMetaSymbol, from + 1); at != std::string_view::npos; at = text.find(kMetaSymbol, at + 1)) {
    size_t before = at - 1;
    while (utf8::is_continuation(text[before])) --before;
    uint32_t length;
    const char32_t character = utf8::decode(text.data() + before, length);
    if (character == kMetaCharacter) continue;
    if (!std::binary_search(glue_.begin(), glue_.end(), character)) return at;
  }
  return text.size();
}

bool SentencePieceBpe::add_bytes(std::string_view character, uint32_t begin, MergeScratch<uint64_t>& scratch) const {
  for (const char byte : character) {
    if (byte_token_[static_cast<uint8_t>(byte)] == StringIndex::kNone) return false;
  }
  for (const char byte : character) {
    scratch.symbols.push_back({byte_token_[static_cast<uint8_t>(byte)], begin, begin + 1});
    ++begin;
  }
  return true;
}

void SentencePieceBpe::add_character(std::string_view unit, uint32_t begin, uint32_t length,
                                     MergeScratch<uint64_t>& scratch) const {
  const std::string_view character = unit.substr(begin, length);
  const uint32_t id = length == 1 ? ascii_token_[static_cast<uint8_t>(character[0])] : vocabulary_->find(character);
  if (id != StringIndex::kNone) {
    scratch.symbols.push_back({id, begin, begin + length});
    return;
  }
  if (add_bytes(character, begin, scratch) || unknown_ == StringIndex::kNone) return;
  auto& symbols = scratch.symbols;
  if (!symbols.empty() && symbols.back().id == unknown_ && symbols.back().end == begin) {
    symbols.back().end += length;
  } else {
    symbols.push_back({unknown_, begin, begin + length});
  }
}

Merge<uint64_t> SentencePieceBpe::merge_of(std::string_view unit, const Symbol& left, const Symbol& right) const {
  if (right.end - left.begin > longest_ || atomic_[left.id] || atomic_[right.id]) return {};
  const uint32_t id = vocabulary_->find(unit.substr(left.begin, right.end - left.begin));
  if (id == StringIndex::kNone || atomic_[id]) return {};
  constexpr uint64_t kLongest = 0xFFFF;
  const uint64_t left_length = std::min(kLongest, characters(unit.substr(left.begin, left.end - left.begin)));
  const uint64_t right_length = std::min(kLongest, characters(unit.substr(right.begin, right.end - right.begin)));
  return {uint64_t{score_order_[id]} << 32 | (kLongest - left_length) << 16 | (kLongest - right_length), id};
}

void SentencePieceBpe::merge(std::string_view unit, MergeScratch<uint64_t>& scratch) const {
  scratch.symbols.clear();
  for (uint32_t at = 0; at < unit.size();) {
    const uint32_t length = utf8::length_by_lead(unit[at]);
    add_character(unit, at, length, scratch);
    at += length;
  }
  merge_symbols(scratch, [&](const Symbol& left, const Symbol& right) { return merge_of(unit, left, right); });
}

void SentencePieceBpe::encode(std::string_view unit, MergeScratch<uint64_t>& scratch) const {
  using Answer = WholePieceMemo::Answer;
  const uint32_t whole = unit.size() > longest_ ? StringIndex::kNone : vocabulary_->find(unit);
  if (whole == StringIndex::kNone || atomic_[whole]) return merge(unit, scratch);
  const Answer known = memo_.of(whole);
  if (known == Answer::Yes) {
    scratch.symbols.assign(1, {whole, 0, static_cast<uint32_t>(unit.size())});
    return;
  }
  merge(unit, scratch);
  if (known == Answer::Unknown) memo_.learn(whole, scratch.symbols.size() == 1 && scratch.symbols[0].id == whole);
}

}  // namespace headrace::text
