#include "text/bpe/byte_level_bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "text/bpe/byte_letters.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// The two tokens that a character of three bytes becomes by its first merge, of this rank.
struct Halves {
  uint32_t character;
  uint32_t rank;
  uint64_t key;
  uint64_t hash;
};

constexpr size_t kMostMerges = size_t{1} << 24;

bool has_wide(std::string_view piece) {
  return std::ranges::any_of(piece, [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
}

}  // namespace

ByteLevelBpe::ByteLevelBpe(const Vocabulary& vocabulary) {
  for (int byte = 0; byte < 256; ++byte) {
    byte_token_[byte] = vocabulary.find(ByteLetters::letter(static_cast<uint8_t>(byte)));
  }
}

Result<ByteLevelBpe> ByteLevelBpe::build(const Vocabulary& vocabulary, const std::vector<std::string>& merges,
                                         std::shared_ptr<const Barriers> barriers) {
  ByteLevelBpe bpe(vocabulary);
  bpe.barriers_ = std::move(barriers);
  HR_CHECK(bpe.add_merges(vocabulary, merges));
  bpe.find_whole_characters();
  return bpe;
}

ByteLevelBpe::ByteLevelBpe(TableArray<uint32_t> byte_tokens, std::span<const MergeIds> merges, uint32_t ids,
                           PairMerger merger, std::shared_ptr<const Barriers> barriers)
    : barriers_(std::move(barriers)), byte_token_(std::move(byte_tokens)), merges_(std::move(merger)) {
  first_use_.assign(ids, ~uint32_t{0});
  for (uint32_t rank = 0; rank < merges.size(); ++rank) note_use(merges[rank], rank);
  find_whole_characters();
}

void ByteLevelBpe::add_merge(const MergeIds& merge, uint32_t rank) {
  merges_.add(merge.left, merge.right, {rank, merge.result});
  note_use(merge, rank);
}

void ByteLevelBpe::note_use(const MergeIds& merge, uint32_t rank) {
  for (const uint32_t part : {merge.left, merge.right}) first_use_[part] = std::min(first_use_[part], rank);
}

Result<void> ByteLevelBpe::add_merges(const Vocabulary& vocabulary, const std::vector<std::string>& merges) {
  if (merges.size() > kMostMerges) {
    return fail(ErrorKind::OutOfRange, fmt::format("The vocabulary has {} merges; at most {} are supported.",
                                                   merges.size(), kMostMerges));
  }
  merges_.reserve(merges.size());
  first_use_.assign(vocabulary.size(), ~uint32_t{0});
  std::string joined;
  for (uint32_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      return fail(ErrorKind::InvalidData, fmt::format("Merge {} (\"{}\") is not two tokens with a space between.",
                                                      rank, merge));
    }
    const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
    joined.assign(left).append(right);
    const uint32_t ids[3] = {vocabulary.find(left), vocabulary.find(right), vocabulary.find(joined)};
    for (int part = 0; part < 3; ++part) {
      if (ids[part] != StringIndex::kNone) continue;
      return fail(ErrorKind::InvalidData,
                  fmt::format("Merge {} (\"{}\") needs the token \"{}\", which the vocabulary lacks.", rank, merge,
                              part == 0 ? left : part == 1 ? right : std::string_view(joined)));
    }
    add_merge({ids[0], ids[1], ids[2]}, rank);
  }
  return {};
}

/// Merging may begin with a character's token where its bytes surely become that first: they merge to one token by merges
/// that rank before all that this token takes part in.
/// PERF: of a character of three bytes the first two are the same 63 times, and there are 4096 last two; what the lesser
/// merge of both leaves is asked for together, before it is looked at.
void ByteLevelBpe::find_whole_characters() {
  character_token_ = TableArray<uint32_t>(0x10000);
  std::fill(character_token_.begin(), character_token_.end(), StringIndex::kNone);
  for (uint32_t c = 0; c < 0x80; ++c) character_token_[c] = byte_token_[c];
  const auto token = [&](uint32_t byte) { return byte_token_[byte]; };
  const auto note = [&](uint32_t c, const Merge<uint32_t>& last, uint32_t rank_before) {
    if (last.possible() && first_use_[last.id] > std::max(last.rank, rank_before)) character_token_[c] = last.id;
  };
  for (uint32_t c = 0x80; c < 0x800; ++c) note(c, merges_.find(token(0xC0 | c >> 6), token(0x80 | (c & 0x3F))), 0);
  std::vector<Merge<uint32_t>> last_two(64 * 64);
  for (uint32_t low = 0; low < last_two.size(); ++low) last_two[low] = merges_.find(token(0x80 | low >> 6), token(0x80 | (low & 0x3F)));
  for (uint32_t block = 0x800; block < 0x10000; block += 64) {
    if (block >= 0xD800 && block < 0xE000) continue;
    const TokenId first = token(0xE0 | block >> 12);
    const Merge<uint32_t> first_two = merges_.find(first, token(0x80 | (block >> 6 & 0x3F)));
    std::array<Halves, 64> joined;
    size_t count = 0;
    for (uint32_t c = block; c < block + 64; ++c) {
      const Merge<uint32_t>& last = last_two[c & 0xFFF];
      const bool last_first = last.before(first_two);
      if (!last.possible() && !first_two.possible()) continue;
      const TokenId left = last_first ? first : first_two.id, right = last_first ? last.id : token(0x80 | (c & 0x3F));
      const uint64_t key = PairTable::key_of(left, right), hash = PairTable::hash_of(key);
      if (!merges_.table().may_have(hash)) continue;
      merges_.table().prefetch(hash);
      joined[count++] = {c, last_first ? last.rank : first_two.rank, key, hash};
    }
    for (const Halves& halves : std::span(joined).first(count)) note(halves.character, merges_.table().find(halves.key, halves.hash), halves.rank);
  }
  first_use_ = {};
}

/// Calls add(id, begin, end) for each of the characters' tokens, up to a character for which that cannot be done.
template <class Add>
bool ByteLevelBpe::begin_with_characters(std::string_view piece, const Add& add) const {
  char32_t before = 0;
  for (uint32_t at = 0; at < piece.size();) {
    // Some pre-tokenizers cut inside characters.
    uint32_t length = utf8::length_by_lead(piece[at]);
    if (utf8::is_continuation(piece[at]) || at + length > piece.size()) return false;
    const char32_t here = utf8::decode(piece.data() + at, length);
    if (here >= 0x10000 || character_token_[here] == StringIndex::kNone) return false;
    if (at > 0 && (before | here) >= 0x80 && !barriers_->only_whole_between(before, here)) return false;
    add(character_token_[here], at, at + length);
    before = here;
    at += length;
  }
  return true;
}

template <class Add>
void ByteLevelBpe::begin_with_bytes(std::string_view piece, const Add& add) const {
  for (uint32_t i = 0; i < piece.size(); ++i) {
    const uint32_t id = byte_token_[static_cast<uint8_t>(piece[i])];
    if (id != StringIndex::kNone) add(id, i, i + 1);
  }
}

/// PERF: three bytes of a Han character cost two merges and their look-ups each time; most
/// pieces that come here are such.
void ByteLevelBpe::encode(std::string_view piece, std::vector<Symbol>& symbols) const {
  const auto add = [&](TokenId id, uint32_t begin, uint32_t end) { symbols.push_back({id, begin, end}); };
  symbols.clear();
  symbols.reserve(piece.size());
  if (!has_wide(piece) || !begin_with_characters(piece, add)) {
    symbols.clear();
    begin_with_bytes(piece, add);
  }
  merges_.merge(symbols);
}

void ByteLevelBpe::encode_each(std::span<ShortPiece> pieces) const {
  for (ShortPiece& piece : pieces) {
    const auto add = [&](TokenId id, uint32_t, uint32_t) { piece.ids[piece.count++] = id; };
    piece.count = 0;
    if (has_wide(piece.bytes) && begin_with_characters(piece.bytes, add)) continue;
    piece.count = 0;
    begin_with_bytes(piece.bytes, add);
  }
  merges_.merge_each(pieces);
}

}  // namespace headrace::text
