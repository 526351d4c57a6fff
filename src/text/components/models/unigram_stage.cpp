#include "text/components/models/unigram_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

/// Viterbi over the places of the text. Of equal scores the one found first stays, so the
/// piece that begins earliest.
Result<void> UnigramStage::best_parts(std::string_view text, std::vector<Part>& parts, double* least_gap) const {
  struct Best {
    double score;
    PieceTrie::Node node;  // or kNone: unknown
    uint32_t begin;
  };
  // Kept from call to call, but for long texts: most are words.
  constexpr size_t kKept = 1 << 16;
  thread_local std::vector<Best> kept;
  std::vector<Best> large(text.size() >= kKept ? text.size() + 1 : 0, Best{0, 0, kNone});
  if (large.empty()) kept.assign(text.size() + 1, Best{0, 0, kNone});
  Best* const best = large.empty() ? kept.data() : large.data();
  const auto size = static_cast<uint32_t>(text.size());
  // SentencePiece adds in double and keeps in single precision: near-ties depend on it.
  const bool singly = !unmatched_.empty();
  double gap = std::numeric_limits<double>::infinity();
  for (uint32_t at = 0; at < size;) {
    const double before = best[at].score;
    const uint32_t character = std::min(utf8::length_by_lead(text[at]), size - at);
    const auto offer = [&](uint32_t length, PieceTrie::Node node, double score) {
      Best& end = best[at + length];
      if (end.begin != kNone) {
        gap = std::min(gap, std::abs(score - end.score));
        if (!(score > end.score)) return;
      }
      end = {singly ? static_cast<float>(score) : score, node, at};
    };
    bool single = false;
    trie_.for_each_weighted_prefix(text.substr(at), [&](size_t length, PieceTrie::Node node, double weight) {
      if (singly && !matched(trie_.value_of(node))) return;
      offer(static_cast<uint32_t>(length), node, weight + before);
      single |= length == character;
    });
    if (!single) {
      const double unknown = unk_score_ + before;
      offer(character, kNone, singly ? static_cast<float>(unknown) : unknown);
      if (unk_id_ == kNone && best[at + character].node == kNone) return missing_unknown();
    }
    at += character;
  }
  for (uint32_t end = size; end > 0; end = best[end].begin) {
    parts.push_back({best[end].begin, end, best[end].node == kNone ? unk_id_ : trie_.value_of(best[end].node)});
  }
  if (least_gap) *least_gap = gap;
  std::reverse(parts.begin(), parts.end());
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

void UnigramStage::finish(std::string_view text, std::span<const Part> found, std::vector<Part>& parts) const {
  for (size_t i = 0; i < found.size();) {
    Part part = found[i++];
    while (part.id == unk_id_ && i < found.size() && found[i].id == unk_id_) part.end = found[i++].end;
    add(text, part, parts);
  }
}

Result<void> UnigramStage::divide(std::string_view text, std::vector<Part>& parts, double* least_gap) const {
  parts.clear();
  if (least_gap) *least_gap = std::numeric_limits<double>::infinity();
  if (text.empty()) return {};
  thread_local std::vector<Part> found;
  found.clear();
  const bool random = model_.alpha && *model_.alpha != 0;
  HR_CHECK(random ? random_parts(text, found) : best_parts(text, found, least_gap));
  finish(text, found, parts);
  constexpr size_t kKept = 1 << 16;
  if (found.capacity() > kKept) found = {};
  return {};
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
    finish(text, found, parts);
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
