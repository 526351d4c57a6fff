#include "text/pipeline/unit_models.h"

#include <algorithm>
#include <cmath>

#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

NormalizedUnit& scratch() {
  constexpr size_t kKept = 1 << 16;  // given back when a long unit has made it large
  thread_local NormalizedUnit unit;
  if (unit.text().capacity() > kKept) unit = {};
  unit.begin({}, {}, 0);
  return unit;
}

}  // namespace

/// None: nothing is left of the unit.
Result<std::optional<PreTokenizedString>> UnitSteps::pieces_of(const TextUnit& unit, std::string_view before) const {
  std::string text(before);
  text += unit.text();
  NormalizedString normalized(std::move(text));
  if (stages_.normalizer) HR_CHECK(stages_.normalizer->normalize(normalized));
  if (normalized.empty()) return std::nullopt;
  auto whole = normalized.slice_normalized({0, static_cast<uint32_t>(normalized.normalized().size())});
  if (!whole) return fail(ErrorKind::Internal, "a normalised text has no part that is all of it");
  PreTokenizedString pieces(std::move(*whole));
  const bool never_prefixed = stages_.without_prefix && !unit.begins_text;
  HR_CHECK((never_prefixed ? stages_.without_prefix : stages_.pre_tokenizer)->pre_tokenize(pieces));
  return pieces;
}

Result<std::optional<UnitSteps::Piece>> UnitSteps::piece_of(const TextUnit& unit, std::string_view before) const {
  HR_TRY(auto pieces, pieces_of(unit, before));
  if (!pieces || pieces->splits().size() != 1) return std::nullopt;
  const NormalizedString& text = pieces->splits().front().text;
  std::string_view rest = text.normalized();
  if (!before.empty() && rest.starts_with(kMetaSymbol)) rest.remove_prefix(kMetaSymbol.size());
  if (!rest.starts_with(before)) return std::nullopt;
  const auto skipped = static_cast<uint32_t>(text.normalized().size() - rest.size() + before.size());
  return Piece{text, skipped, static_cast<uint32_t>(before.size())};
}

Result<void> UnitSteps::encode(const TextUnit& unit, std::string_view before, UnitTokens& out) const {
  out.clear();
  HR_TRY(auto pieces, pieces_of(unit, before));
  if (!pieces) return {};
  std::vector<ModelToken> tokens;
  const auto left_out = static_cast<uint32_t>(before.size());
  bool begins_word = true;
  for (const PreTokenizedString::Split& piece : pieces->splits()) {
    tokens.clear();
    HR_CHECK(stages_.model->tokenize(piece.text.normalized(), tokens));
    for (const ModelToken& token : tokens) {
      Offset from = token.offsets;
      if (const auto within = piece.text.to_original(token.offsets)) {
        from = {piece.text.original_begin() + within->begin, piece.text.original_begin() + within->end};
      }
      if (left_out > 0 && from.end <= left_out) continue;
      const auto spelling = stages_.model->id_to_token(token.id);
      if (!spelling || *spelling != token.value) out.spelled.emplace_back(out.tokens.size(), token.value);
      out.tokens.push_back({token.id, from.begin - std::min(from.begin, left_out), from.end - left_out, begins_word});
      begins_word = false;
    }
    begins_word = true;
  }
  return {};
}

void NormalizedUnit::begin(std::string_view front, Offset origin, uint32_t skipped) {
  text_ = front;
  front_size_ = front.size();
  front_ = origin;
  skipped_ = skipped;
  origins_.clear();
}

bool NormalizedUnit::append_rest(const UnitCharacters& characters, std::string_view unit) {
  uint8_t all = 0xFF;
  uint32_t length;
  for (size_t at = skipped_; at < unit.size(); at += length) all &= characters.of(utf8::decode(unit.data() + at, length));
  if (!(all & unit_code::kEasy)) return false;
  if (all & unit_code::kSame) {
    text_ += unit.substr(skipped_);
    return true;
  }
  origins_.resize(text_.size(), front_);
  for (size_t at = skipped_; at < unit.size(); at += length) {
    const char32_t c = utf8::decode(unit.data() + at, length);
    text_ += characters.form(c, unit.substr(at, length));
    origins_.resize(text_.size(), {static_cast<uint32_t>(at), static_cast<uint32_t>(at + length)});
  }
  return true;
}

Result<void> WordPieceUnits::encode(const TextUnit& unit, UnitTokens& out) const {
  NormalizedUnit& normalized = scratch();
  const std::string_view text = unit.text();
  if (!normalized.append_rest(*characters_, text)) return steps_.encode(unit, {}, out);
  out.clear();
  std::string_view word = normalized.text();
  uint32_t skipped = 0;
  // A character that is set apart has spaces around it.
  if (word.size() > 2 && word.front() == ' ' && word.back() == ' ') word = word.substr(skipped = 1, word.size() - 2);
  thread_local std::vector<WordPieceStage::Part> parts;
  if (!model_->divide(word, parts)) {
    HR_TRY(const TokenId unknown, model_->unknown_id());
    const Offset from = normalized.origin(skipped, skipped + static_cast<uint32_t>(word.size()));
    out.tokens.push_back({unknown, from.begin, from.end, true});
    return {};
  }
  for (const WordPieceStage::Part& part : parts) {
    const Offset from = normalized.origin(skipped + part.begin, skipped + part.end);
    out.tokens.push_back({model_->id_of(part), from.begin, from.end, out.tokens.empty()});
  }
  return {};
}

/// Where scores are added up from ids, what has tokens that do not tell theirs is encoded anew each time.
bool UnigramUnits::depends_on_before(const TextUnit& unit, double least_gap, size_t size, std::span<const UnigramStage::Part> parts) const {
  if (!is_within_word(unit)) return false;
  if (least_gap <= rounding_ * static_cast<double>(size)) return true;
  return one_word_ && std::ranges::any_of(parts, [this](const UnigramStage::Part& part) { return std::isnan(scores_[part.id]); });
}

std::optional<double> UnigramUnits::score_after(double before, std::span<const TokenId> tokens) const {
  for (const TokenId id : tokens) before = scores_[id] + before;
  return std::isnan(before) ? std::nullopt : std::optional(before);
}

/// The text of a unit as the model sees it; false where that takes all steps.
bool UnigramUnits::normalize(const TextUnit& unit, NormalizedUnit& out) const {
  const std::string_view text = unit.text();
  uint32_t length;
  const bool space = characters_->of(utf8::decode(text.data(), length)) & unit_code::kSpace;
  if (space_led_) {
    if (unit.place == TextUnit::Place::First) return false;
    if (space) out.begin(kMetaSymbol, {0, length}, length);
  } else if (space && length == text.size()) {
    return true;  // nothing: only white space
  } else if (unit.place != TextUnit::Place::Continuing) {
    out.begin(kMetaSymbol, {0, length}, 0);
  }
  return out.append_rest(*characters_, text);
}

/// A unit within a word is not: its word is, or it is after what is before it. A letter in front keeps away what is done
/// only where a text begins.
Result<void> UnigramUnits::step_by_step(const TextUnit& unit, UnitTokens& out) const {
  if (is_within_word(unit)) {
    out.clear();
    out.depends_on_before = true;
    return {};
  }
  return steps_.encode(unit, space_led_ && unit.place == TextUnit::Place::Word ? "x" : "", out);
}

Result<void> UnigramUnits::encode(const TextUnit& unit, UnitTokens& out) const {
  NormalizedUnit& normalized = scratch();
  if (!normalize(unit, normalized)) return step_by_step(unit, out);
  out.clear();
  thread_local std::vector<UnigramStage::Part> parts;
  double gap = 0;
  HR_CHECK(model_->divide(normalized.text(), parts, &gap));
  if (depends_on_before(unit, gap, normalized.text().size(), parts)) {
    out.depends_on_before = true;
    return {};
  }
  append_tokens(unit, normalized, parts, out);
  return {};
}

void UnigramUnits::append_tokens(const TextUnit& unit, const NormalizedUnit& normalized, std::span<const UnigramStage::Part> parts,
                                 UnitTokens& out) const {
  bool begins_word = !is_within_word(unit);
  for (const UnigramStage::Part& part : parts) {
    const Offset from = normalized.origin(part.begin, part.end);
    if (!part.is_byte && !model_->is_spelled(part, normalized.text())) {
      out.spelled.emplace_back(out.tokens.size(), std::string_view(normalized.text()).substr(part.begin, part.end - part.begin));
    }
    out.tokens.push_back({part.id, from.begin, from.end, begins_word});
    begins_word = false;
  }
}

/// Behind a barrier the model needs to know no more than the score of what is before it.
Result<std::optional<double>> UnigramUnits::encode_after(const TextUnit& unit, double score, UnitTokens& out) const {
  out.clear();
  NormalizedUnit& normalized = scratch();
  thread_local std::vector<UnigramStage::Part> parts;
  if (normalize(unit, normalized)) {
    HR_TRY(score, model_->divide_after(score, normalized.text(), parts));
    append_tokens(unit, normalized, parts, out);
    return score;
  }
  const bool first = unit.place == TextUnit::Place::First;
  HR_TRY(const auto piece, steps_.piece_of(unit, first ? "" : "x"));
  if (!piece) return std::nullopt;
  const std::string_view text = std::string_view(piece->text.normalized()).substr(piece->skipped);
  HR_TRY(score, model_->divide_after(score, text, parts));
  for (const UnigramStage::Part& part : parts) {
    const Offset within{part.begin + piece->skipped, part.end + piece->skipped};
    const auto from = piece->text.to_original(within);
    if (!from || piece->text.original_begin() + from->begin < piece->left_out) return std::nullopt;
    if (!part.is_byte && !model_->is_spelled(part, text)) {
      out.spelled.emplace_back(out.tokens.size(), text.substr(part.begin, part.end - part.begin));
    }
    const uint32_t begin = piece->text.original_begin() - piece->left_out;
    out.tokens.push_back({part.id, begin + from->begin, begin + from->end, first && out.tokens.empty()});
  }
  return score;
}

/// PERF: together, so that the model finds the pieces of all at once.
Result<void> UnigramUnits::encode_each(std::span<UnitIds> units, std::vector<TokenId>& ids) const {
  std::string bytes;
  std::vector<UnigramStage::Text> texts;
  std::vector<size_t> whose;
  UnitTokens steps;
  for (size_t i = 0; i < units.size(); ++i) {
    NormalizedUnit& normalized = scratch();
    if (normalize(units[i].unit, normalized)) {
      const auto begin = static_cast<uint32_t>(bytes.size());
      bytes += normalized.text();
      texts.push_back({begin, static_cast<uint32_t>(bytes.size())});
      whose.push_back(i);
      bytes += '\n';  // between two
      continue;
    }
    HR_CHECK(step_by_step(units[i].unit, steps));
    units[i].depends_on_before = steps.depends_on_before;
    units[i].first = ids.size();
    units[i].count = steps.tokens.size();
    for (const UnitToken& token : steps.tokens) ids.push_back(token.id);
  }
  thread_local std::vector<UnigramStage::Part> parts;
  parts.clear();
  HR_CHECK(model_->divide_each(bytes, texts, parts));
  for (size_t n = 0; n < texts.size(); ++n) {
    UnitIds& unit = units[whose[n]];
    const size_t end = n + 1 < texts.size() ? texts[n + 1].first_part : parts.size();
    unit.depends_on_before = depends_on_before(unit.unit, texts[n].least_gap, texts[n].end - texts[n].begin,
                                               std::span(parts).subspan(texts[n].first_part, end - texts[n].first_part));
    unit.first = ids.size();
    unit.count = end - texts[n].first_part;
    for (size_t i = texts[n].first_part; i < end; ++i) ids.push_back(parts[i].id);
  }
  constexpr size_t kKept = 1 << 16;
  if (parts.capacity() > kKept) parts = {};
  return {};
}

}  // namespace headrace::text
