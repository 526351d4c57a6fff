#include "text/pipeline/bulk_plan.h"

#include <algorithm>

#include "text/bpe/byte_letters.h"
#include "text/components/models/token_table.h"
#include "text/pipeline/bulk_pieces.h"
#include "text/strings/normal_forms.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

/// Building costs what the slow way takes for about a byte of text for so many tokens of the vocabulary.
constexpr uint64_t kTokensAByte = 5;
/// The same of what units are made with.
constexpr uint64_t kUnitsWorthBuilding = 16 << 10;

}  // namespace

BulkPlan::BulkPlan(BulkShape shape, std::shared_ptr<const BulkTables> tables)
    : shape_(std::move(shape)),
      cut_out_(shape_.cut_out),
      worth_building_(shape_.model.vocabulary->size() / kTokensAByte),
      tables_(std::move(tables)),
      built_(tables_ != nullptr) {
  const TokenTable& vocabulary = *shape_.model.vocabulary;
  for (size_t n = 0; shape_.takes_whole && n < vocabulary.size(); ++n) {
    longest_token_ = std::max(longest_token_, vocabulary.spelling_at(n).size());
  }
  for (uint32_t byte = 0; byte <= 0xF4 && shape_.kind == BulkShape::Kind::ByteLevel; ++byte) {
    const bool in_texts = byte != 0xC0 && byte != 0xC1;
    left_out_[byte] = in_texts && !vocabulary.find(ByteLetters::letter(static_cast<uint8_t>(byte)));
    any_left_out_ |= left_out_[byte];
  }
}
BulkPlan::BulkPlan(std::unique_ptr<const UnitPlan> units) : units_(std::move(units)), worth_building_(kUnitsWorthBuilding) {}
BulkPlan::~BulkPlan() = default;

std::shared_ptr<const BulkPlan> BulkPlan::make(const LivePart<NormalizerSpec>& normalizer,
                                               const LivePart<PreTokenizerSpec>& pre_tokenizer, const ModelSpec& model,
                                               const UnitStages& stages, const ReadyBulk* ready) {
  auto shape = recognise(normalizer, pre_tokenizer, model);
  if (!shape) {
    auto units = UnitPlan::make(normalizer, pre_tokenizer, model, stages);
    return units ? std::make_shared<const BulkPlan>(std::move(units)) : nullptr;
  }
  auto tables = ready && ready->fits(*shape) ? ready->tables(*shape) : nullptr;
  return std::make_shared<const BulkPlan>(std::move(*shape), std::move(tables));
}

bool BulkPlan::takes(size_t bytes, const AddedTokenFinder& added) const {
  if (added.finds_nothing() || (units_ && added.looks_in_normalized())) return false;
  if (!built_.load(std::memory_order_acquire)) {
    if (encoded_elsewhere_.fetch_add(bytes, std::memory_order_relaxed) + bytes < worth_building_) return false;
    build();
  }
  return tables_ != nullptr || unit_encoder_ != nullptr;
}

void BulkPlan::make_tables() const {
  if (!built_.load(std::memory_order_acquire)) build();
}

void BulkPlan::build() const {
  std::call_once(once_, [&] {
    if (units_) {
      unit_encoder_ = units_->build();
    } else {
      tables_ = BulkTables::build(shape_);
      if (shape_.nfc) make_nfc_tables();
    }
    built_.store(true, std::memory_order_release);
  });
}

/// One call of encode.
struct BulkPlan::Run {
  const BulkPlan& plan;
  const BulkEncoder& encoder;
  const AddedTokenFinder& added;
  bool encode_special;
  BulkTokens& out;
  TokenSink sink = {};
  size_t base = 0;  // where in the original the text begins that is being encoded

  Run(const BulkPlan& plan, const AddedTokenFinder& added, bool encode_special, BulkTokens& out)
      : plan(plan), encoder(*plan.tables_->encoder), added(added), encode_special(encode_special), out(out) {
    sink.ids = &out.ids;
    sink.offsets = out.with_places ? &out.offsets : nullptr;
    sink.words = out.with_places && plan.shape_.kind == BulkShape::Kind::ByteLevel ? &out.words : nullptr;
  }

  Result<void> encode(std::string_view text);
  Result<void> encode_between(std::string_view text, size_t begin, size_t end);
  Result<void> encode_normalized(std::string_view text);
  Result<void> encode_respelled(std::string_view text, size_t begin, size_t end);
  Result<void> encode_piece(std::string_view text, size_t begin, size_t end);
  Result<void> encode_piece(std::string_view text, size_t begin, size_t end, bool prefixed);
  Result<void> encode_uncut(std::string_view text, size_t begin, size_t end, bool prefixed);
  std::optional<TokenId> whole_token(std::string_view piece, bool prefixed) const;
  void encode_prefixed(std::string_view text, size_t begin, size_t end);
};

void BulkTokens::add(const AddedTokenFinder::Found& found, std::string_view text, TokenSink& sink) {
  add(found, text, {found.begin, found.end}, sink);
}

void BulkTokens::add(const AddedTokenFinder::Found& found, std::string_view text, std::pair<size_t, size_t> place, TokenSink& sink) {
  if (found.begin == found.end) return;
  if (with_places) {
    added.emplace_back(ids.size(), text.substr(found.begin, found.end - found.begin));
    words.push_back(sink.next_word);
  }
  ++sink.next_word;
  sink.add(found.id, place.first, place.second);
}

Result<void> BulkPlan::Run::encode(std::string_view text) {
  size_t at = 0;
  for (const AddedTokenFinder::Found& found : added.find_raw(text, encode_special)) {
    HR_CHECK(encode_between(text, at, found.begin));
    out.add(found, text, sink);
    at = found.end;
  }
  return encode_between(text, at, text.size());
}

/// A stretch between added tokens that are looked for before normalising.
Result<void> BulkPlan::Run::encode_between(std::string_view text, size_t begin, size_t end) {
  if (begin >= end) return {};  // white space that a token has taken may be in the next one as well
  if (plan.shape_.respells_early && added.looks_in_normalized()) return encode_respelled(text, begin, end);
  const std::string_view stretch = text.substr(begin, end - begin);
  const bool normal = !plan.shape_.nfc || is_nfc(stretch);
  if (!normal && !out.with_places) return encode_normalized(nfc(stretch));
  if (normal && !added.looks_in_normalized()) return encode_piece(text, begin, end);
  const size_t first = out.offsets.size();
  base = begin;
  if (normal) {
    HR_CHECK(encode_normalized(stretch));
    for (size_t i = first; i < out.offsets.size(); ++i) {
      out.offsets[i] = {out.offsets[i].begin + static_cast<uint32_t>(begin), out.offsets[i].end + static_cast<uint32_t>(begin)};
    }
    base = 0;
    return {};
  }
  NormalizedString normalized{std::string(stretch)};
  normalized.nfc();
  HR_CHECK(encode_normalized(normalized.normalized()));
  for (size_t i = first; i < out.offsets.size(); ++i) {
    const Offset original = normalized.to_original(out.offsets[i]).value_or(out.offsets[i]);
    out.offsets[i] = {original.begin + static_cast<uint32_t>(begin), original.end + static_cast<uint32_t>(begin)};
  }
  base = 0;
  return {};
}

namespace {

/// A stretch as a normalizer writes it, with ▁ for its spaces and maybe in front, and the places of the one in the other.
class Respelled {
 public:
  Respelled(std::string_view stretch, bool prefixed) : stretch_(stretch), prefixed_(prefixed) {
    text_.reserve(stretch.size() + stretch.size() / 2 + kMetaSymbol.size());
    if (prefixed) text_ = kMetaSymbol;
    for (size_t at = 0; at < stretch.size();) {
      const size_t space = std::min(stretch.find(' ', at), stretch.size());
      text_ += stretch.substr(at, space - at);
      if (space < stretch.size()) text_ += kMetaSymbol;
      at = space + 1;
    }
  }
  const std::string& text() const { return text_; }
  /// Where in the stretch a place of text() is; asked for in order.
  size_t original(size_t place) {
    if (prefixed_ && at_ == 0 && place > 0) at_ = kMetaSymbol.size();
    while (at_ < place) {
      const bool space = stretch_[original_] == ' ';
      at_ += space ? kMetaSymbol.size() : 1;
      ++original_;
    }
    return original_;
  }

 private:
  std::string text_;
  std::string_view stretch_;
  bool prefixed_;
  size_t at_ = 0;        // of text_
  size_t original_ = 0;  // of stretch_
};

}  // namespace

/// A stretch in which added tokens are looked for once ▁ stands for its spaces.
Result<void> BulkPlan::Run::encode_respelled(std::string_view text, size_t begin, size_t end) {
  bool prefixed = plan.shape_.prefix == BulkShape::Prefix::Always;
  Respelled respelled(text.substr(begin, end - begin), prefixed);
  size_t at = begin;
  for (const AddedTokenFinder::Found& found : added.find_normalized(respelled.text(), encode_special)) {
    const size_t from = begin + respelled.original(found.begin);
    if (found.begin > 0 && (prefixed || at < from)) HR_CHECK(encode_piece(text, at, from, prefixed));
    at = begin + respelled.original(found.end);
    // ▁ in front stands for the first character.
    const size_t to = at > from || found.begin == found.end ? at : from + utf8::length_by_lead(text[from]);
    out.add(found, respelled.text(), {from, to}, sink);
    prefixed = prefixed && found.end == 0;
  }
  return prefixed || at < end ? encode_piece(text, at, end, prefixed) : Result<void>();
}

/// All of a normalised stretch, with the added tokens that are looked for in such.
Result<void> BulkPlan::Run::encode_normalized(std::string_view text) {
  size_t at = 0;
  for (const AddedTokenFinder::Found& found : added.find_normalized(text, encode_special)) {
    HR_CHECK(encode_piece(text, at, found.begin));
    out.add(found, text, sink);
    at = found.end;
  }
  return encode_piece(text, at, text.size());
}

Result<void> BulkPlan::Run::encode_piece(std::string_view text, size_t begin, size_t end) {
  if (begin >= end) return {};
  if (plan.shape_.kind == BulkShape::Kind::ByteLevel) return encoder.encode(text, begin, end, sink);
  using enum BulkShape::Prefix;
  const std::string_view stretch = text.substr(begin, end - begin);
  const bool there = stretch.starts_with(' ') || stretch.starts_with(kMetaSymbol);
  const BulkShape::Prefix prefix = plan.shape_.prefix;
  const bool prefixed =
      prefix == Always || (prefix == UnlessThere && !there) || (prefix == FirstUnlessThere && !there && base + begin == 0);
  return encode_piece(text, begin, end, prefixed);
}

/// The same of SentencePiece's, with ▁ in front if it is `prefixed`; then it may be empty.
Result<void> BulkPlan::Run::encode_piece(std::string_view text, size_t begin, size_t end, bool prefixed) {
  const std::string_view stretch = text.substr(begin, end - begin);
  if (plan.cut_out_.empty()) return encode_uncut(text, begin, end, prefixed);
  size_t at = begin;
  for (const StringMatcher::Hit& hit : plan.cut_out_.find_all(stretch)) {
    if (prefixed || at < begin + hit.begin) HR_CHECK(encode_uncut(text, at, begin + hit.begin, prefixed));
    prefixed = false;
    at = begin + hit.end;
    HR_CHECK(encode_uncut(text, begin + hit.begin, at, false));
  }
  if (prefixed || at < end) HR_CHECK(encode_uncut(text, at, end, prefixed));
  return {};
}

/// The token that a piece is spelled like, if that is all that matters.
std::optional<TokenId> BulkPlan::Run::whole_token(std::string_view piece, bool prefixed) const {
  if (piece.size() > plan.longest_token_) return std::nullopt;
  std::string spelling(prefixed ? kMetaSymbol : std::string_view());
  for (const char c : piece) c == ' ' ? spelling += kMetaSymbol : spelling += c;
  return plan.shape_.model.vocabulary->find(spelling);
}

/// A piece of SentencePiece's, with ▁ in front if it is `prefixed`; then it may be empty.
Result<void> BulkPlan::Run::encode_uncut(std::string_view text, size_t begin, size_t end, bool prefixed) {
  const uint32_t word = sink.next_word;
  if (const auto whole = plan.shape_.takes_whole ? whole_token(text.substr(begin, end - begin), prefixed) : std::nullopt) {
    sink.add(*whole, begin, end > begin ? end : begin + utf8::length_by_lead(text[begin]));
    begin = end;
    prefixed = false;
  }
  if (prefixed) {
    const size_t first_end = end > begin ? encoder.first_unit_end(text, begin, end) : end;
    encode_prefixed(text, begin, first_end);
    begin = first_end;
  }
  if (begin < end) HR_CHECK(encoder.encode(text, begin, end, sink));
  if (out.with_places) out.words.resize(out.ids.size(), word);
  sink.next_word = word + 1;
  return {};
}

/// The first unit of a stretch, with a space in front that comes from its first character.
void BulkPlan::Run::encode_prefixed(std::string_view text, size_t begin, size_t end) {
  std::string unit(" ");
  unit += text.substr(begin, end - begin);
  std::vector<Symbol> symbols;
  plan.tables_->pieces->encode(unit, symbols);
  const auto boundary = [&](size_t at) {
    while (at < text.size() && utf8::is_continuation(text[at])) ++at;
    return at;
  };
  for (const Symbol& symbol : symbols) {
    size_t from = begin + std::max(symbol.begin, 1u) - 1;
    while (utf8::is_continuation(text[from])) --from;
    const size_t to = boundary(begin + std::max(symbol.end, 2u) - 1);
    sink.add(symbol.id, from, to);
  }
}

Result<void> BulkPlan::encode(std::string_view text, const AddedTokenFinder& added, bool encode_special, BulkTokens& out) const {
  if (unit_encoder_) return units_->encode(*unit_encoder_, text, added, encode_special, out);
  return Run(*this, added, encode_special, out).encode(text);
}

}  // namespace headrace::text
