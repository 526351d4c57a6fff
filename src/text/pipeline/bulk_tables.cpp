#include "text/pipeline/bulk_tables.h"

#include <algorithm>
#include <string>

#include "base/thread_pool.h"
#include "text/bpe/byte_letters.h"
#include "text/bpe/whole_tokens.h"
#include "text/bulk/vocabulary_table.h"
#include "text/components/models/merge_table.h"
#include "text/components/models/token_table.h"
#include "text/pipeline/bulk_pieces.h"

namespace headrace::text {
namespace {

/// Tokens of later merges, which are rare, are tried when a text first has one: the merges of a vocabulary with every way of making
/// its tokens are many (580,000 of Gemma 3's 262,144).
constexpr size_t kMergesLookedAt = 160 << 10;

bool is_byte_level(const BulkShape& shape) { return shape.kind == BulkShape::Kind::ByteLevel; }

std::string spelling_of_byte(const BulkShape& shape, uint8_t byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return is_byte_level(shape) ? ByteLetters::letter(byte) : std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">";
}

/// Whether texts are encoded as the model does where a vocabulary has no token for a byte: one that no text has, or one that
/// is left out, and that is no part of a character beside which there may be barriers.
bool may_be_missing(const BulkShape& shape, uint8_t byte) {
  if (!is_byte_level(shape)) return false;
  const bool in_no_text = byte == 0xC0 || byte == 0xC1 || byte > 0xF4;
  return in_no_text || (!shape.model.unk_token && (byte < 0x80 || byte >= 0xF0));
}

/// Writes the bytes that a token of a SentencePiece vocabulary stands for in a text, which are not more than its own.
char* write_respelled(std::string_view spelling, char* out) {
  for (size_t at; (at = spelling.find(kMetaSymbol)) != std::string_view::npos; spelling.remove_prefix(at + kMetaSymbol.size())) {
    out = std::copy_n(spelling.data(), at, out);
    *out++ = ' ';
  }
  return std::copy(spelling.begin(), spelling.end(), out);
}

}  // namespace

bool BulkTables::find_byte_tokens(const BulkShape& shape) {
  const TokenTable& vocabulary = *shape.model.vocabulary;
  const size_t size = vocabulary.size();
  if (size == 0) return false;
  const TokenId greatest = vocabulary.id_at(size - 1);
  // Ids have to be fit to be indices.
  if (greatest > VocabularyTable::kGreatestId || greatest > 4 * size + 4096) return false;
  names_byte_.resize(size_t{greatest} + 1);
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const auto id = vocabulary.find(spelling_of_byte(shape, static_cast<uint8_t>(byte)));
    if (!id && !may_be_missing(shape, static_cast<uint8_t>(byte))) return false;
    byte_tokens_[byte] = StringIndex::kNone;
    if (!id) continue;
    byte_tokens_[byte] = *id;
    names_byte_[*id] = 1;
  }
  return true;
}

/// The bytes of each token. False if an id has several spellings.
bool BulkTables::find_bytes(const BulkShape& shape) {
  const TokenTable& vocabulary = *shape.model.vocabulary;
  const size_t size = vocabulary.size();
  const bool byte_level = is_byte_level(shape);
  bytes.reserve(names_byte_.size(), vocabulary.spellings().bytes().size());
  std::string text;
  for (size_t n = 0; n < size; ++n) {
    if (!vocabulary.names_its_id(n)) return false;
    const TokenId id = vocabulary.id_at(n);
    while (bytes.size() < id) bytes.append({});
    const std::string_view spelling = vocabulary.spelling_at(n);
    if (text.size() < spelling.size()) text.resize(spelling.size());
    const char* end = nullptr;
    if (byte_level) {
      end = ByteLetters::write_bytes(spelling, text.data());
    } else if (!names_byte_[id] && spelling.find(' ') == std::string_view::npos) {
      // A space in a token's own spelling is none that a text has: there it is ▁.
      end = write_respelled(spelling, text.data());
    }
    bytes.append({text.data(), end ? static_cast<size_t>(end - text.data()) : 0});
  }
  return true;
}

/// Whether every token that takes part in merging stands for something in a text.
bool BulkTables::spell_all(std::span<const MergeIds> merges) const {
  const auto stands = [&](TokenId id) { return id < bytes.size() && !bytes[id].empty(); };
  const auto all_stand = [&](const MergeIds& merge) { return stands(merge.left) && stands(merge.right) && stands(merge.result); };
  return std::ranges::all_of(merges, all_stand);
}

/// By id, one for the tokens that merging begins with, each alone for a byte or a character.
std::vector<uint8_t> BulkTables::first_symbols(const BulkShape& shape) const {
  if (is_byte_level(shape)) return names_byte_;
  const TokenTable& vocabulary = *shape.model.vocabulary;
  std::vector<uint8_t> firsts(bytes.size());
  for (size_t n = 0; n < vocabulary.size(); ++n) {
    const std::string_view spelling = vocabulary.spelling_at(n);
    const bool is_character = !spelling.empty() && utf8::length_by_lead(spelling[0]) == spelling.size() && spelling != " ";
    if (is_character) firsts[vocabulary.id_at(n)] = 1;
  }
  return firsts;
}

std::shared_ptr<const PieceEncoder> BulkTables::make_pieces(const BulkShape& shape, const PairMerger& merger,
                                                            std::shared_ptr<const Barriers> barriers) const {
  if (!is_byte_level(shape)) return std::make_shared<CharacterPieces>(shape.model.vocabulary, byte_tokens_, merger);
  return std::make_shared<BytePieces>(ByteLevelBpe(byte_tokens_, shape.model.merges->by_rank(), bytes.size(), merger, std::move(barriers)));
}

/// PERF: what the merges say of tokens takes one thread about as long as barriers and characters take the other.
std::shared_ptr<const BulkTables> BulkTables::build(const BulkShape& shape, std::optional<PieceHash> hash) {
  auto tables = std::make_shared<BulkTables>();
  if (!tables->find_byte_tokens(shape) || !tables->find_bytes(shape)) return nullptr;
  const std::span<const MergeIds> merges = shape.model.merges->by_rank();
  if (!tables->spell_all(merges)) return nullptr;
  const StringArena& bytes = tables->bytes;
  const bool byte_level = is_byte_level(shape);
  BulkSpec spec;
  spec.hash = hash;
  spec.entries.reserve(bytes.size());
  for (TokenId id = 0; id < bytes.size(); ++id) {
    if (!bytes[id].empty()) spec.entries.push_back({bytes[id], id});
  }
  spec.token_bytes = &bytes;
  spec.ignore_merges = byte_level && shape.model.ignore_merges;
  spec.rules = shape.rules;
  spec.lower_block_is_space = !byte_level;
  PairMerger merger;
  merger.add_all(merges);
  ThreadPool::process().parallel_for(2, 1, [&](size_t begin, size_t end) {
    for (size_t task = begin; task < end; ++task) {
      if (task == 0) {
        spec.whole = find_whole_tokens(merger, merges.first(std::min(merges.size(), kMergesLookedAt)), tables->first_symbols(shape));
      } else {
        const auto barriers = std::make_shared<Barriers>(spec.entries);
        for (char32_t c = 0; c < 0x80; ++c) {
          // Once it is left out, its neighbours merge.
          if (tables->byte_tokens_[c] == StringIndex::kNone) barriers->open(c);
        }
        spec.barriers = barriers;
        spec.pieces = tables->make_pieces(shape, merger, spec.barriers);
      }
    }
  });
  tables->pieces = spec.pieces;
  tables->barriers = spec.barriers;
  auto encoder = BulkEncoder::build(std::move(spec));
  if (!encoder) return nullptr;
  tables->encoder = std::move(*encoder);
  return tables;
}

void BulkTables::learn() const {
  std::vector<BulkEntry> entries;
  for (TokenId id = 0; id < bytes.size(); ++id) entries.push_back({bytes[id], id});
  encoder->learn(entries);
}

bool ReadyBulk::fits(const BulkShape& shape) const {
  const bool ignores = is_byte_level(shape) && shape.model.ignore_merges;
  return shape.kind == kind && ignores == ignore_merges && shape.model.vocabulary == vocabulary && shape.model.merges == merges;
}

std::shared_ptr<const BulkTables> ReadyBulk::tables(const BulkShape& shape) const {
  BulkSpec spec;
  spec.ready = &table;
  spec.token_sizes = token_sizes;
  spec.hash = hash;
  spec.ignore_merges = ignore_merges;
  spec.rules = shape.rules;
  spec.lower_block_is_space = !is_byte_level(shape);
  spec.barriers = barriers;
  spec.pieces = pieces;
  auto encoder = BulkEncoder::build(std::move(spec));
  if (!encoder) return nullptr;
  auto made = std::make_shared<BulkTables>();
  made->pieces = pieces;
  made->barriers = barriers;
  made->encoder = std::move(*encoder);
  return made;
}

}  // namespace headrace::text
