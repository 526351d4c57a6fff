#include "text/components/models/unigram_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>
#include <utility>

#include "text/components/models/lattice.h"
#include "text/components/models/model_files.h"
#include "text/components/models/model_json.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// How much less likely an unknown character is than the rarest piece.
constexpr double kUnknownPenalty = 10;

std::unexpected<Error> missing_unknown() {
  return fail(ErrorKind::InvalidData, "Encountered an unknown token but `unk_id` is missing");
}

}  // namespace

UnigramStage::UnigramStage(const UnigramModel& model)
    : model_(model),
      pieces_(model.pieces ? model.pieces : std::make_shared<const std::vector<std::pair<std::string, double>>>()),
      trie_(pieces_->size(), [this](size_t n) -> std::string_view { return (*pieces_)[n].first; }),
      random_(model.seed) {
  if (model.unmatched && !model.unmatched->empty()) {
    unmatched_.resize(pieces_->size());
    for (const TokenId id : *model.unmatched) {
      if (id < unmatched_.size()) unmatched_[id] = true;
    }
  }
  if (model.unk_id) unk_id_ = static_cast<uint32_t>(*model.unk_id);
  double least = std::numeric_limits<double>::infinity();
  std::vector<double> scores;
  scores.reserve(pieces_->size());
  for (uint32_t id = 0; id < pieces_->size(); ++id) {
    const auto& [spelling, score] = (*pieces_)[id];
    scores.push_back(score);
    if (score < least) least = score;
    if (spelling.empty()) empty_piece_ = id;
  }
  unk_score_ = least - kUnknownPenalty;
  trie_.set_weights(scores);
  for (int byte = 0; byte < 256; ++byte) byte_tokens_[static_cast<size_t>(byte)] = trie_.find(fmt::format("<0x{:02X}>", byte));
}

/// Viterbi over the places of the texts. Of equal scores the one found first stays, so the
/// piece that begins earliest.
struct UnigramStage::Lattices {
  const UnigramStage& stage;
  std::string_view bytes;
  Best* best;
  // SentencePiece adds in double and keeps in single precision: near-ties depend on it.
  bool singly = !stage.unmatched_.empty();
  double gap = 0;

  double rounded(double score) const { return singly ? static_cast<float>(score) : score; }

  void offer(uint32_t at, uint32_t end, PieceTrie::Node node, double score) {
    Best& there = best[end];
    if (there.begin != kNone) {
      gap = std::min(gap, std::abs(score - there.score));
      if (!(score > there.score)) return;
    }
    there = {rounded(score), node, at};
  }

  /// From one place of a text on, whose prefixes are known. False: nothing begins there.
  bool go_on(const PieceTrie::Prefixes& prefixes, size_t place, uint32_t at, uint32_t length) {
    const double before = best[at].score;
    bool single = false;
    prefixes.for_each(stage.trie_, bytes, place, [&](uint32_t size, PieceTrie::Node node, double weight) {
      if (singly && !stage.matched(stage.trie_.value_of(node))) return;
      offer(at, at + size, node, weight + before);
      single |= size == length;
    });
    if (single) return true;
    offer(at, at + length, kNone, rounded(stage.unk_score_ + before));
    return stage.unk_id_ != kNone || best[at + length].node != kNone;
  }
};

/// PERF: prefixes are found for as many places as there is room for, of several texts if these are short.
Result<void> UnigramStage::find_best(std::string_view bytes, std::span<Text> texts, Best* best) const {
  thread_local PieceTrie::Prefixes prefixes;
  struct Cursor {
    size_t text;
    uint32_t at;
  };
  const auto length_at = [&](const Text& text, uint32_t at) { return std::min(utf8::length_by_lead(bytes[at]), text.end - at); };
  Cursor next{0, texts.empty() ? 0 : texts[0].begin}, done = next;
  const auto skip_ended = [&](Cursor& cursor) {
    while (cursor.text < texts.size() && cursor.at >= texts[cursor.text].end) {
      if (++cursor.text < texts.size()) cursor.at = texts[cursor.text].begin;
    }
  };
  Lattices lattices{*this, bytes, best};
  lattices.gap = std::numeric_limits<double>::infinity();
  for (skip_ended(next), skip_ended(done); done.text < texts.size();) {
    prefixes.clear();
    for (; next.text < texts.size() && !prefixes.full(); skip_ended(next)) {
      prefixes.add(next.at, texts[next.text].end);
      next.at += length_at(texts[next.text], next.at);
    }
    trie_.find_prefixes(bytes, prefixes);
    for (size_t place = 0; place < prefixes.size(); ++place) {
      Text& text = texts[done.text];
      const uint32_t length = length_at(text, done.at);
      if (!lattices.go_on(prefixes, place, done.at, length)) return missing_unknown();
      done.at += length;
      if (done.at < text.end) continue;
      text.least_gap = std::exchange(lattices.gap, std::numeric_limits<double>::infinity());
      skip_ended(done);
    }
  }
  return {};
}

Result<void> UnigramStage::random_parts(std::string_view text, std::vector<Part>& parts) const {
  const auto& pieces = *pieces_;
  Lattice lattice;
  lattice.fill(text, trie_, [&](uint32_t id) { return matched(id) ? pieces[id].second : Lattice::kNever; }, unk_id_, unk_score_);
  RandomStream random = random_.stream();
  const double alpha = *model_.alpha;
  Lattice::Path path;
  if (model_.nbest_size.value_or(0) > 0) {
    auto paths = lattice.best(*model_.nbest_size);
    double total = 0;
    std::vector<double> weights;
    for (const auto& [nodes, score] : paths) weights.push_back(total += std::exp(alpha * (score - paths[0].second)));
    const double drawn = random.real() * total;
    const auto chosen = static_cast<size_t>(std::upper_bound(weights.begin(), weights.end(), drawn) - weights.begin());
    if (!paths.empty()) path = std::move(paths[std::min(chosen, paths.size() - 1)].first);
  } else {
    path = lattice.sample(alpha, random);
  }
  if (path.empty() || unk_id_ == kNone) return missing_unknown();
  for (const uint32_t n : path) parts.push_back({lattice.nodes()[n].begin, lattice.nodes()[n].end, lattice.nodes()[n].id});
  return {};
}

bool UnigramStage::add_bytes(std::string_view text, const Part& part, std::vector<Part>& tokens) const {
  const std::string_view bytes = text.substr(part.begin, part.end - part.begin);
  for (const char byte : bytes) {
    if (byte_tokens_[static_cast<uint8_t>(byte)] == kNone) return false;
  }
  for (const char byte : bytes) tokens.push_back({part.begin, part.end, byte_tokens_[static_cast<uint8_t>(byte)], true});
  return true;
}

void UnigramStage::add(std::string_view text, Part part, std::vector<Part>& tokens) const {
  // Unknown characters that have become one part may spell a piece, even the unknown one.
  uint32_t id = part.id == unk_id_ ? trie_.find(text.substr(part.begin, part.end - part.begin)) : part.id;
  if (id != PieceTrie::kNoValue && !matched(id)) id = PieceTrie::kNoValue;
  if (id == PieceTrie::kNoValue) {
    if (model_.byte_fallback && add_bytes(text, part, tokens)) return;
    id = unk_id_;
  }
  part.id = id;
  tokens.push_back(part);
}

void UnigramStage::add_all(std::string_view text, std::span<const Part> found, std::vector<Part>& parts) const {
  for (size_t i = 0; i < found.size();) {
    Part part = found[i++];
    while (part.id == unk_id_ && i < found.size() && found[i].id == unk_id_) part.end = found[i++].end;
    add(text, part, parts);
  }
}

Result<void> UnigramStage::divide(std::string_view text, std::vector<Part>& parts, double* least_gap) const {
  parts.clear();
  if (model_.alpha && *model_.alpha != 0 && !text.empty()) {
    std::vector<Part> found;
    HR_CHECK(random_parts(text, found));
    add_all(text, found, parts);
    return {};
  }
  Text all{0, static_cast<uint32_t>(text.size())};
  HR_CHECK(divide_each(text, {&all, 1}, parts));
  if (least_gap) *least_gap = all.least_gap;
  return {};
}

Result<double> UnigramStage::divide_after(double before, std::string_view text, std::vector<Part>& parts) const {
  parts.clear();
  Text all{.begin = 0, .end = static_cast<uint32_t>(text.size()), .score = before};
  HR_CHECK(divide_each(text, {&all, 1}, parts));
  return all.score;
}

Result<void> UnigramStage::divide_each(std::string_view bytes, std::span<Text> texts, std::vector<Part>& parts) const {
  // Kept from call to call, but for long texts: most are words.
  constexpr size_t kKept = 1 << 16;
  thread_local std::vector<Best> kept;
  thread_local std::vector<Part> found;
  std::vector<Best> large(bytes.size() >= kKept ? bytes.size() + 1 : 0, Best{0, 0, kNone});
  if (large.empty()) kept.assign(bytes.size() + 1, Best{0, 0, kNone});
  Best* const best = large.empty() ? kept.data() : large.data();
  for (const Text& text : texts) best[text.begin].score = text.score;
  HR_CHECK(find_best(bytes, texts, best));
  for (Text& text : texts) text.score = best[text.end].score;
  // PERF: the nodes of all texts first, so that what they stand for comes from memory together.
  found.clear();
  for (const Text& text : std::views::reverse(texts)) {
    for (uint32_t end = text.end; end > text.begin; end = best[end].begin) {
      found.push_back({best[end].begin, end, best[end].node});
      if (best[end].node != kNone) trie_.prefetch_value(best[end].node);
    }
  }
  std::reverse(found.begin(), found.end());
  for (Part& part : found) part.id = part.id == kNone ? unk_id_ : trie_.value_of(part.id);
  size_t at = 0;
  for (Text& text : texts) {
    size_t end = at;
    while (end < found.size() && found[end].begin < text.end) ++end;
    text.first_part = parts.size();
    add_all(bytes, std::span(found).subspan(at, end - at), parts);
    at = end;
  }
  if (found.capacity() > kKept) found = {};
  return {};
}

std::vector<double> UnigramStage::scores() const {
  constexpr double kUntold = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> scores;
  scores.reserve(pieces_->size());
  for (const auto& [spelling, score] : *pieces_) scores.push_back(score);
  if (unk_id_ < scores.size()) scores[unk_id_] = kUntold;
  for (const uint32_t id : byte_tokens_) {
    if (model_.byte_fallback && id < scores.size()) scores[id] = kUntold;
  }
  return scores;
}

Result<void> UnigramStage::tokenize(std::string_view text, std::vector<ModelToken>& tokens) const {
  std::vector<Part> parts;
  HR_CHECK(divide(text, parts));
  append_tokens(text, parts, tokens);
  return {};
}

void UnigramStage::append_tokens(std::string_view text, std::span<const Part> parts, std::vector<ModelToken>& tokens) const {
  for (const Part& part : parts) {
    std::string spelling = part.is_byte ? (*pieces_)[part.id].first : std::string(text.substr(part.begin, part.end - part.begin));
    tokens.push_back({part.id, std::move(spelling), {part.begin, part.end}});
  }
}

Result<std::vector<ScoredTokens>> UnigramStage::best_divisions(std::string_view text, size_t count) const {
  std::vector<ScoredTokens> divisions;
  if (count == 0) return divisions;
  if (text.empty()) return std::vector<ScoredTokens>(1);
  const auto& pieces = *pieces_;
  Lattice lattice;
  lattice.fill(text, trie_, [&](uint32_t id) { return matched(id) ? pieces[id].second : Lattice::kNever; }, unk_id_, unk_score_);
  for (const auto& [path, score] : lattice.best(count)) {
    std::vector<Part> found, parts;
    for (const uint32_t n : path) found.push_back({lattice.nodes()[n].begin, lattice.nodes()[n].end, lattice.nodes()[n].id});
    add_all(text, found, parts);
    append_tokens(text, parts, divisions.emplace_back(std::vector<ModelToken>(), score).tokens);
  }
  if (divisions.empty()) return missing_unknown();
  return divisions;
}

std::optional<TokenId> UnigramStage::token_to_id(std::string_view token) const {
  const uint32_t id = token.empty() ? empty_piece_ : trie_.find(token);
  if (id == kNone) return std::nullopt;
  return id;
}

std::optional<std::string> UnigramStage::id_to_token(TokenId id) const {
  if (id >= pieces_->size()) return std::nullopt;
  return (*pieces_)[id].first;
}

void UnigramStage::for_each_token(const std::function<void(std::string_view token, TokenId id)>& f) const {
  for (uint32_t id = 0; id < pieces_->size(); ++id) {
    // Of equal spellings the last has the name.
    if (token_to_id((*pieces_)[id].first) == id) f((*pieces_)[id].first, id);
  }
}

Result<std::vector<std::string>> UnigramStage::save(const std::string& folder, const std::optional<std::string>& prefix) const {
  std::string json;
  HR_CHECK(append_model_json(json, ModelSpec{model_}, true));
  ModelFiles files(folder, prefix);
  HR_CHECK(files.write("unigram.json", json));
  return files.paths();
}

}  // namespace headrace::text
