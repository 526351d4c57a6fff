#include "text/components/models/word_piece_stage.h"

#include <algorithm>

#include "text/components/models/model_files.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !utf8::is_continuation(byte); }));
}

PieceTrie trie_of(const TokenTable& vocabulary) {
  return PieceTrie(vocabulary.size(), [&](size_t n) { return vocabulary.spelling_at(n); });
}

}  // namespace

WordPieceStage::WordPieceStage(const WordPieceModel& model)
    : TableStage(model.vocabulary),
      model_(model),
      trie_(trie_of(vocabulary())),
      continuing_(trie_.walk(PieceTrie::kRoot, model.continuing_subword_prefix)) {}

Result<TokenId> WordPieceStage::unknown_id() const {
  const auto id = vocabulary().find(model_.unk_token);
  if (!id) return fail(ErrorKind::InvalidData, "WordPiece error: Missing [UNK] token from the vocabulary");
  return *id;
}

bool WordPieceStage::divide(std::string_view word, std::vector<Part>& parts) const {
  parts.clear();
  if (count_characters(word) > model_.max_input_chars_per_word) return false;
  for (size_t at = 0; at < word.size();) {
    size_t longest = 0;
    uint32_t entry = PieceTrie::kNoValue;
    const PieceTrie::Node from = at == 0 ? PieceTrie::kRoot : continuing_;
    trie_.for_each_prefix(from, word.substr(at), [&](size_t length, uint32_t value) {
      longest = length;
      entry = value;
    });
    if (longest == 0) {
      parts.clear();
      return false;
    }
    parts.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(at + longest), entry});
    at += longest;
  }
  return true;
}

Result<void> WordPieceStage::tokenize(std::string_view text, std::vector<ModelToken>& tokens) const {
  std::vector<Part> parts;
  if (!divide(text, parts)) {
    HR_TRY(const TokenId id, unknown_id());
    tokens.push_back(whole_piece(id, model_.unk_token, text));
    return {};
  }
  for (const Part& part : parts) {
    tokens.push_back({id_of(part), std::string(vocabulary().spelling_at(part.entry)), {part.begin, part.end}});
  }
  return {};
}

Result<std::vector<std::string>> WordPieceStage::save(const std::string& folder, const std::optional<std::string>& prefix) const {
  std::string lines;
  for (size_t n = 0; n < vocabulary().size(); ++n) lines.append(vocabulary().spelling_at(n)).append("\n");
  ModelFiles files(folder, prefix);
  HR_CHECK(files.write("vocab.txt", lines));
  return files.paths();
}

}  // namespace headrace::text
