#include "text/components/models/bpe_stage.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/components/models/merge_table.h"
#include "text/components/models/model_files.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// A merge that was possible when it was put into the queue: the lowest rank comes first,
/// then the leftmost place.
struct Candidate {
  uint32_t rank;
  uint32_t at;
  TokenId result;

  /// For a heap whose top is the next one.
  friend bool operator<(const Candidate& a, const Candidate& b) { return a.rank != b.rank ? a.rank > b.rank : a.at > b.at; }
};

class Queue {
 public:
  void push(const Candidate& candidate) {
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end());
  }
  bool empty() const { return heap_.empty(); }
  Candidate pop() {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate top = heap_.back();
    heap_.pop_back();
    return top;
  }

  std::vector<Candidate>& unordered() { return heap_; }
  void order() { std::make_heap(heap_.begin(), heap_.end()); }

 private:
  std::vector<Candidate> heap_;
};

}  // namespace

BpeStage::BpeStage(const BpeModel& model) : TableStage(model.vocabulary), model_(model), random_(model.seed) {
  for (int byte = 0; model_.byte_fallback && byte < 256; ++byte) {
    byte_tokens_[byte] = vocabulary().find(fmt::format("<0x{:02X}>", byte));
  }
  if (model_.unk_token) unk_id_ = vocabulary().find(*model_.unk_token);
}

Result<TokenId> BpeStage::unknown() const {
  if (unk_id_) return *unk_id_;
  return fail(ErrorKind::InvalidData, fmt::format("Unk token `{}` not found in the vocabulary", *model_.unk_token), *model_.unk_token);
}

/// A token for each byte, if the vocabulary has them all.
bool BpeStage::add_bytes(std::string_view character, Word& word) const {
  for (const char byte : character) {
    if (!byte_tokens_[static_cast<uint8_t>(byte)]) return false;
  }
  for (const char byte : character) word.push_back({*byte_tokens_[static_cast<uint8_t>(byte)], 1});
  return true;
}

/// One symbol a character; what the vocabulary lacks becomes bytes, the unknown token, or
/// nothing. As in the reference an unknown token is held back until a known character or
/// the end, so bytes overtake it.
Result<void> BpeStage::split(std::string_view text, Word& word) const {
  std::string affixed;
  uint32_t unknown_length = 0;  // of the one held back; 0: none
  const auto release = [&] {
    if (unknown_length != 0) word.push_back({*unk_id_, unknown_length});
    unknown_length = 0;
  };
  for (size_t at = 0; at < text.size();) {
    const uint32_t length = std::min<uint32_t>(utf8::length_by_lead(text[at]), static_cast<uint32_t>(text.size() - at));
    std::string_view character = text.substr(at, length);
    const bool first = at == 0, last = at + length == text.size();
    at += length;
    const bool prefixed = !first && model_.continuing_subword_prefix;
    const bool suffixed = last && model_.end_of_word_suffix;
    if (prefixed || suffixed) {
      affixed.clear();
      if (prefixed) affixed += *model_.continuing_subword_prefix;
      affixed += character;
      if (suffixed) affixed += *model_.end_of_word_suffix;
      character = affixed;
    }
    if (const auto id = vocabulary().find(character)) {
      release();
      word.push_back({*id, length});
    } else if (model_.byte_fallback && add_bytes(character, word)) {
      continue;
    } else if (model_.unk_token) {
      HR_CHECK(unknown());
      if (!model_.fuse_unk) release();
      unknown_length += length;
    }
  }
  release();
  return {};
}

void BpeStage::merge(Word& word) const {
  const MergeTable* merges = model_.merges.get();
  if (!merges || word.size() < 2) return;
  const auto by_rank = merges->by_rank();
  const auto candidate = [&](uint32_t left) -> std::optional<Candidate> {
    const auto rank = merges->find(word[left].id, word[static_cast<size_t>(word[left].next)].id);
    if (!rank) return std::nullopt;
    return Candidate{*rank, left, by_rank[*rank].result};
  };
  const auto count = static_cast<int32_t>(word.size());
  Queue queue;
  for (int32_t i = 0; i < count; ++i) {
    word[i].previous = i - 1;
    word[i].next = i + 1 < count ? i + 1 : -1;
  }
  for (int32_t i = 0; i + 1 < count; ++i) {
    if (const auto possible = candidate(static_cast<uint32_t>(i))) queue.unordered().push_back(*possible);
  }
  queue.order();
  const bool drops = this->drops();
  RandomStream random = drops ? random_.stream() : RandomStream(0);
  std::vector<Candidate> dropped;
  while (!queue.empty()) {
    const Candidate top = queue.pop();
    if (drops && random.single() < *model_.dropout) {
      dropped.push_back(top);
      continue;
    }
    // Dropped for this step only: they have their chance again at the next one.
    for (const Candidate& again : dropped) queue.push(again);
    dropped.clear();
    Symbol& left = word[top.at];
    if (left.length == 0 || left.next < 0) continue;
    Symbol& right = word[static_cast<size_t>(left.next)];
    const auto rank = merges->find(left.id, right.id);
    if (!rank || by_rank[*rank].result != top.result) continue;  // another pair stands there by now
    left.id = top.result;
    left.length += right.length;
    left.next = right.next;
    right.length = 0;
    if (left.next >= 0) word[static_cast<size_t>(left.next)].previous = static_cast<int32_t>(top.at);
    if (left.previous >= 0) {
      if (const auto possible = candidate(static_cast<uint32_t>(left.previous))) queue.push(*possible);
    }
    if (left.next >= 0) {
      if (const auto possible = candidate(top.at)) queue.push(*possible);
    }
  }
}

Result<void> BpeStage::tokenize(std::string_view text, std::vector<ModelToken>& tokens) const {
  if (text.empty()) return {};
  if (model_.ignore_merges && !drops()) {
    if (const auto id = vocabulary().find(text)) {
      tokens.push_back(whole_piece(*id, text, text));
      return {};
    }
  }
  Word word;
  word.reserve(text.size());
  HR_CHECK(split(text, word));
  merge(word);
  uint32_t at = 0;
  for (const Symbol& symbol : word) {
    if (symbol.length == 0) continue;
    tokens.push_back({symbol.id, std::string(vocabulary().spelling(symbol.id).value_or("")), {at, at + symbol.length}});
    at += symbol.length;
  }
  return {};
}

Result<std::vector<std::string>> BpeStage::save(const std::string& folder, const std::optional<std::string>& prefix) const {
  ModelFiles files(folder, prefix);
  HR_CHECK(files.write("vocab.json", vocabulary_json(vocabulary())));
  std::string merges = "#version: 0.2\n";
  const auto by_rank = model_.merges ? model_.merges->by_rank() : std::span<const MergeTable::Entry>{};
  for (uint32_t rank = 0; rank < by_rank.size(); ++rank) {
    if (!model_.merges->counts(rank)) continue;
    merges.append(vocabulary().spelling(by_rank[rank].left).value_or("")).append(" ");
    merges.append(vocabulary().spelling(by_rank[rank].right).value_or("")).append("\n");
  }
  HR_CHECK(files.write("merges.txt", merges));
  return files.paths();
}

}  // namespace headrace::text
