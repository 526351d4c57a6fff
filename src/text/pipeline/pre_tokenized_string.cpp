#include "text/encoding.h"
#include "text/normalized_string.h"
#include "text/pipeline/character_index.h"

namespace headrace::text {
namespace {

/// Where a token comes from in the whole text, in bytes.
Offset bytes_of(const NormalizedString& piece, const ModelToken& token) {
  const auto within = piece.to_original(token.offsets);
  if (!within) return token.offsets;
  return {piece.original_begin() + within->begin, piece.original_begin() + within->end};
}

void reserve(Encoding& encoding, size_t size) {
  encoding.ids.reserve(size);
  encoding.tokens.reserve(size);
  encoding.offsets.reserve(size);
  encoding.words.reserve(size);
}

}  // namespace

PreTokenizedString::PreTokenizedString(std::string text) : PreTokenizedString(NormalizedString(std::move(text))) {}

PreTokenizedString::PreTokenizedString(NormalizedString text) : original_(text.original()) {
  splits_.push_back({std::move(text), std::nullopt});
}

Result<void> PreTokenizedString::split(const std::function<Result<std::vector<Split>>(size_t, NormalizedString)>& cut) {
  std::vector<Split> cut_splits;
  cut_splits.reserve(splits_.size());
  for (size_t index = 0; index < splits_.size(); ++index) {
    if (splits_[index].tokens) {
      cut_splits.push_back(std::move(splits_[index]));
      continue;
    }
    HR_TRY(auto parts, cut(index, splits_[index].text));
    for (Split& part : parts) {
      if (!part.text.empty()) cut_splits.push_back(std::move(part));
    }
  }
  splits_ = std::move(cut_splits);
  return {};
}

Result<void> PreTokenizedString::normalize(const std::function<Result<void>(NormalizedString&)>& edit) {
  for (Split& split : splits_) {
    if (!split.tokens) HR_CHECK(edit(split.text));
  }
  return {};
}

Result<void> PreTokenizedString::tokenize(const std::function<Result<std::vector<ModelToken>>(const NormalizedString&)>& model) {
  for (Split& split : splits_) {
    if (split.tokens) continue;
    HR_TRY(auto tokens, model(split.text));
    split.tokens = std::move(tokens);
  }
  return {};
}

Result<Encoding> PreTokenizedString::into_encoding(std::optional<uint32_t> word, uint32_t type_id, OffsetUnit unit) const {
  size_t size = 0;
  for (const Split& split : splits_) {
    if (!split.tokens) {
      return fail(ErrorKind::InvalidArgument, "Split has not been tokenized, call `PreTokenizedString::tokenize` first");
    }
    size += split.tokens->size();
  }
  std::optional<CharacterIndex> characters;
  if (unit == OffsetUnit::Character) characters.emplace(original_);

  Encoding encoding;
  reserve(encoding, size);
  for (uint32_t index = 0; index < splits_.size(); ++index) {
    for (const ModelToken& token : *splits_[index].tokens) {
      const Offset bytes = bytes_of(splits_[index].text, token);
      encoding.ids.push_back(token.id);
      encoding.tokens.push_back(token.value);
      encoding.offsets.push_back(characters ? characters->convert(bytes).value_or(bytes) : bytes);
      encoding.words.push_back(word.value_or(index));
    }
  }
  encoding.type_ids.assign(size, type_id);
  encoding.special_tokens_mask.assign(size, 0);
  encoding.attention_mask.assign(size, 1);
  return encoding;
}

}  // namespace headrace::text
