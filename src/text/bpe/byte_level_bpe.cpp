#include "text/bpe/byte_level_bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "text/bpe/byte_letters.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

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

/// The token that a character's bytes, of which there are at most three, merge to alone, and the highest rank among
/// its merges; kNone if there is none.
TokenId ByteLevelBpe::merged_character(std::string_view bytes, uint32_t& last_rank) const {
  TokenId ids[3];
  Merge<uint32_t> merges[2];
  size_t count = 0;
  for (const char byte : bytes) ids[count++] = byte_token_[static_cast<uint8_t>(byte)];
  last_rank = 0;
  for (size_t i = 0; i + 1 < count; ++i) merges[i] = merges_.find(ids[i], ids[i + 1]);
  while (count > 1) {
    const size_t at = count > 2 && merges[1].before(merges[0]) ? 1 : 0;
    if (!merges[at].possible()) return StringIndex::kNone;
    last_rank = std::max(last_rank, merges[at].rank);
    ids[at] = merges[at].id;
    if (--count == 1) break;
    if (at == 0) ids[1] = ids[2];
    merges[0] = merges_.find(ids[0], ids[1]);
  }
  return ids[0];
}

/// Merging may begin with a character's token where its bytes surely become that first: they merge to
/// one token by merges that rank before all that this token takes part in.
void ByteLevelBpe::find_whole_characters() {
  character_token_ = TableArray<uint32_t>(0x10000);
  std::fill(character_token_.begin(), character_token_.end(), StringIndex::kNone);
  for (uint32_t c = 0; c < 0x80; ++c) character_token_[c] = byte_token_[c];
  const auto note = [&](uint32_t c, std::string_view bytes) {
    uint32_t last_rank = 0;
    const TokenId whole = merged_character(bytes, last_rank);
    if (whole != StringIndex::kNone && first_use_[whole] > last_rank) character_token_[c] = whole;
  };
  const auto joins = [&](char left, char right) {
    return merges_.find(byte_token_[static_cast<uint8_t>(left)], byte_token_[static_cast<uint8_t>(right)]).possible();
  };
  for (uint32_t c = 0x80; c < 0x800; ++c) note(c, utf8::encode(c));
  // PERF: characters that share their first two bytes are passed over together where these do not join, nor any last two.
  std::array<bool, 64 * 64> last_two{};
  for (uint32_t low = 0; low < last_two.size(); ++low) {
    last_two[low] = joins(static_cast<char>(0x80 | low >> 6), static_cast<char>(0x80 | (low & 0x3F)));
  }
  for (uint32_t block = 0x800; block < 0x10000; block += 64) {
    if (block >= 0xD800 && block < 0xE000) continue;
    std::string bytes = utf8::encode(block);
    const bool first_two = joins(bytes[0], bytes[1]);
    for (uint32_t c = block; c < block + 64; ++c) {
      bytes[2] = static_cast<char>(0x80 | (c & 0x3F));
      if (first_two || last_two[c & 0xFFF]) note(c, bytes);
    }
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
