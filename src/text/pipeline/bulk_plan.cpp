#include "text/pipeline/bulk_plan.h"

#include <algorithm>
#include <array>

#include "text/bpe/byte_letters.h"
#include "text/bpe/byte_level_bpe.h"
#include "text/bpe/whole_tokens.h"
#include "text/bulk/bulk_encoder.h"
#include "text/bulk/vocabulary_table.h"
#include "text/components/models/merge_table.h"
#include "text/components/models/token_table.h"
#include "text/strings/normal_forms.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"
#include "text/vocabulary/token_bytes.h"

namespace headrace::text {
namespace {

/// Building costs what the slow way takes for about as much text.
constexpr uint64_t kWorthBuilding = 64 << 10;

class BytePieces final : public PieceEncoder {
 public:
  explicit BytePieces(ByteLevelBpe bpe) : bpe_(std::move(bpe)) {}
  void encode(std::string_view piece, std::vector<Symbol>& symbols) const override { bpe_.encode(piece, symbols); }
  void encode_each(std::span<ShortPiece> pieces) const override { bpe_.encode_each(pieces); }

 private:
  ByteLevelBpe bpe_;
};

/// Units of a text as it is written, with spaces: a token for each character of the vocabulary, tokens of
/// bytes for the others, merged by a list.
class CharacterPieces final : public PieceEncoder {
 public:
  CharacterPieces(std::shared_ptr<const TokenTable> vocabulary, const std::array<uint32_t, 256>& byte_tokens, PairMerger merger)
      : vocabulary_(std::move(vocabulary)), byte_tokens_(byte_tokens), merger_(std::move(merger)) {
    for (uint32_t c = 0; c < 128; ++c) ascii_[c] = find(c == ' ' ? kMetaSymbol : std::string(1, static_cast<char>(c)));
  }

  void encode(std::string_view piece, std::vector<Symbol>& symbols) const override {
    symbols.clear();
    begin(piece, [&](TokenId id, uint32_t from, uint32_t to) { symbols.push_back({id, from, to}); });
    merger_.merge(symbols);
  }
  void encode_each(std::span<ShortPiece> pieces) const override {
    for (ShortPiece& piece : pieces) {
      piece.count = 0;
      begin(piece.bytes, [&](TokenId id, uint32_t, uint32_t) { piece.ids[piece.count++] = id; });
    }
    merger_.merge_each(pieces);
  }

 private:
  /// Calls add(id, begin, end) for what a piece's characters are before anything is merged.
  template <class Add>
  void begin(std::string_view piece, const Add& add) const {
    for (uint32_t at = 0; at < piece.size();) {
      const auto lead = static_cast<uint8_t>(piece[at]);
      const uint32_t length = utf8::length_by_lead(piece[at]);
      const uint32_t id = lead < 0x80 ? ascii_[lead] : find(piece.substr(at, length));
      if (id != StringIndex::kNone) {
        add(id, at, at + length);
      } else if (lead == ' ') {
        // Three bytes that all come from the space.
        for (const char byte : kMetaSymbol) add(byte_tokens_[static_cast<uint8_t>(byte)], at, at + 1);
      } else {
        for (uint32_t i = at; i < at + length; ++i) add(byte_tokens_[static_cast<uint8_t>(piece[i])], i, i + 1);
      }
      at += length;
    }
  }

  uint32_t find(std::string_view character) const { return vocabulary_->find(character).value_or(StringIndex::kNone); }

  std::shared_ptr<const TokenTable> vocabulary_;
  std::array<uint32_t, 256> byte_tokens_;
  PairMerger merger_;
  std::array<uint32_t, 128> ascii_{};
};

}  // namespace

struct BulkPlan::Tables {
  StringArena bytes;                       // by id: as the token stands in a text; empty: in none
  std::shared_ptr<const PieceEncoder> pieces;
  std::shared_ptr<const BulkEncoder> encoder;

  static std::unique_ptr<const Tables> build(const BulkShape& shape);

 private:
  bool find_bytes(const BulkShape& shape);
  bool find_byte_tokens(const BulkShape& shape);
  std::array<uint32_t, 256> byte_tokens{};
  std::vector<bool> names_byte;  // by id: a token for a byte, none of text
};

/// The bytes of each token. False if ids are not fit to be indices.
bool BulkPlan::Tables::find_bytes(const BulkShape& shape) {
  const TokenTable& vocabulary = *shape.model.vocabulary;
  const size_t size = vocabulary.size();
  if (size == 0) return false;
  const TokenId greatest = vocabulary.id_at(size - 1);
  if (greatest > VocabularyTable::kGreatestId || greatest > 4 * size + 4096) return false;
  const bool byte_level = shape.kind == BulkShape::Kind::ByteLevel;
  bytes.reserve(greatest + 1, size * 8);
  std::string text;
  for (size_t n = 0; n < size; ++n) {
    if (!vocabulary.names_its_id(n)) return false;
    while (bytes.size() < vocabulary.id_at(n)) bytes.append({});
    const std::string_view spelling = vocabulary.spelling_at(n);
    text.clear();
    if (byte_level) {
      if (!ByteLetters::append_bytes(spelling, text)) text.clear();
    } else if (!names_byte[vocabulary.id_at(n)] && spelling.find(' ') == std::string_view::npos) {
      // A space in a token's own spelling is none that a text has: there it is ▁.
      append_with_spaces(spelling, text);
    }
    bytes.append(text);
  }
  return true;
}

bool BulkPlan::Tables::find_byte_tokens(const BulkShape& shape) {
  const TokenTable& vocabulary = *shape.model.vocabulary;
  const TokenId greatest = vocabulary.size() ? vocabulary.id_at(vocabulary.size() - 1) : 0;
  if (greatest > VocabularyTable::kGreatestId) return false;
  names_byte.resize(greatest + 1);
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const std::string spelling = shape.kind == BulkShape::Kind::ByteLevel
                                     ? ByteLetters::letter(static_cast<uint8_t>(byte))
                                     : std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">";
    const auto id = vocabulary.find(spelling);
    if (!id) return false;
    byte_tokens[byte] = *id;
    names_byte[*id] = true;
  }
  return true;
}

std::unique_ptr<const BulkPlan::Tables> BulkPlan::Tables::build(const BulkShape& shape) {
  auto tables = std::make_unique<Tables>();
  if (!tables->find_byte_tokens(shape) || !tables->find_bytes(shape)) return nullptr;
  const bool byte_level = shape.kind == BulkShape::Kind::ByteLevel;
  const MergeTable& merges = *shape.model.merges;
  BulkSpec spec;
  for (TokenId id = 0; id < tables->bytes.size(); ++id) {
    if (!tables->bytes[id].empty()) spec.entries.push_back({tables->bytes[id], id});
  }
  for (const MergeIds& merge : merges.by_rank()) {
    for (const TokenId id : {merge.left, merge.right, merge.result}) {
      if (id >= tables->bytes.size() || tables->bytes[id].empty()) return nullptr;
    }
  }
  spec.token_bytes = &tables->bytes;
  spec.barriers = std::make_shared<const Barriers>(spec.entries);
  spec.ignore_merges = byte_level && shape.model.ignore_merges;
  if (byte_level) {
    spec.rules = shape.rules;
    ByteLevelBpe bpe(tables->byte_tokens, merges.by_rank(), tables->bytes.size(), spec.barriers);
    std::vector<uint8_t> firsts(tables->bytes.size());
    for (const TokenId id : tables->byte_tokens) firsts[id] = 1;
    spec.whole = find_whole_tokens(bpe.merges(), merges.by_rank(), firsts);
    spec.pieces = std::make_shared<BytePieces>(std::move(bpe));
  } else {
    spec.lower_block_is_space = true;
    PairMerger merger;
    merger.add_all(merges.by_rank());
    spec.pieces = std::make_shared<CharacterPieces>(shape.model.vocabulary, tables->byte_tokens, std::move(merger));
  }
  tables->pieces = spec.pieces;
  auto encoder = BulkEncoder::build(std::move(spec));
  if (!encoder) return nullptr;
  tables->encoder = std::move(*encoder);
  return tables;
}

BulkPlan::BulkPlan(BulkShape shape) : shape_(std::move(shape)) {}
BulkPlan::BulkPlan(std::unique_ptr<const UnitPlan> units) : units_(std::move(units)) {}
BulkPlan::~BulkPlan() = default;

std::shared_ptr<const BulkPlan> BulkPlan::make(const LivePart<NormalizerSpec>& normalizer,
                                               const LivePart<PreTokenizerSpec>& pre_tokenizer, const ModelSpec& model,
                                               const UnitStages& stages) {
  if (auto shape = recognise(normalizer, pre_tokenizer, model)) return std::make_shared<const BulkPlan>(std::move(*shape));
  auto units = UnitPlan::make(normalizer, pre_tokenizer, model, stages);
  return units ? std::make_shared<const BulkPlan>(std::move(units)) : nullptr;
}

bool BulkPlan::takes(size_t bytes, const AddedTokenFinder& added) const {
  if (added.finds_nothing() || ((units_ || shape_.respells_early) && added.looks_in_normalized())) return false;
  if (!built_.load(std::memory_order_acquire)) {
    if (encoded_elsewhere_.fetch_add(bytes, std::memory_order_relaxed) + bytes < kWorthBuilding) return false;
    std::call_once(once_, [&] {
      if (units_) {
        unit_encoder_ = units_->build();
      } else {
        tables_ = Tables::build(shape_);
      }
      built_.store(true, std::memory_order_release);
    });
  }
  return tables_ != nullptr || unit_encoder_ != nullptr;
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
  Result<void> encode_piece(std::string_view text, size_t begin, size_t end);
  void encode_prefixed(std::string_view text, size_t begin, size_t end);
};

void BulkTokens::add(const AddedTokenFinder::Found& found, std::string_view text, TokenSink& sink) {
  if (found.begin == found.end) return;
  if (with_places) {
    added.emplace_back(ids.size(), text.substr(found.begin, found.end - found.begin));
    words.push_back(sink.next_word);
  }
  ++sink.next_word;
  sink.add(found.id, found.begin, found.end);
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
  const uint32_t word = sink.next_word;
  const std::string_view stretch = text.substr(begin, end - begin);
  const bool there = stretch.starts_with(' ') || stretch.starts_with(kMetaSymbol);
  const BulkShape::Prefix prefix = plan.shape_.prefix;
  if (prefix == Always || (prefix == UnlessThere && !there) || (prefix == FirstUnlessThere && !there && base + begin == 0)) {
    const size_t first_end = encoder.first_unit_end(text, begin, end);
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
  if (unit_encoder_) return UnitPlan::encode(*unit_encoder_, text, added, encode_special, out);
  return Run(*this, added, encode_special, out).encode(text);
}

}  // namespace headrace::text
