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

Result<void> WordPieceStage::unknown(std::string_view text, std::vector<ModelToken>& tokens) const {
  const auto id = vocabulary().find(model_.unk_token);
  if (!id) return fail(ErrorKind::InvalidData, "WordPiece error: Missing [UNK] token from the vocabulary");
  tokens.push_back(whole_piece(*id, model_.unk_token, text));
  return {};
}

Result<void> WordPieceStage::tokenize(std::string_view text, std::vector<ModelToken>& tokens) const {
  if (count_characters(text) > model_.max_input_chars_per_word) return unknown(text, tokens);
  const size_t before = tokens.size();
  for (size_t at = 0; at < text.size();) {
    size_t longest = 0;
    uint32_t entry = PieceTrie::kNoValue;
    const PieceTrie::Node from = at == 0 ? PieceTrie::kRoot : continuing_;
    trie_.for_each_prefix(from, text.substr(at), [&](size_t length, uint32_t value) {
      longest = length;
      entry = value;
    });
    if (longest == 0) {
      tokens.resize(before);
      return unknown(text, tokens);
    }
    tokens.push_back({vocabulary().id_at(entry), std::string(vocabulary().spelling_at(entry)),
                      {static_cast<uint32_t>(at), static_cast<uint32_t>(at + longest)}});
    at += longest;
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
