#include "text/bpe/byte_level_bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <string>
#include <unordered_map>

#include "text/bpe/byte_letters.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr size_t kMostMerges = size_t{1} << 24;

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
    merges_.add(ids[0], ids[1], {rank, ids[2]});
    for (const uint32_t part : {ids[0], ids[1]}) first_use_[part] = std::min(first_use_[part], rank);
  }
  return {};
}

/// Merging may begin with a character's token where its bytes surely become that first: they merge to
/// one token by merges that rank before all that this token takes part in.
void ByteLevelBpe::find_whole_characters() {
  character_token_.assign(0x10000, StringIndex::kNone);
  MergeScratch<uint32_t> scratch;
  for (uint32_t c = 0; c < 0x10000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    if (c < 0x80) {
      character_token_[c] = byte_token_[c];
      continue;
    }
    const std::string character = utf8::encode(c);
    uint32_t last_rank = 0;
    scratch.symbols.clear();
    for (uint32_t i = 0; i < character.size(); ++i) {
      scratch.symbols.push_back({byte_token_[static_cast<uint8_t>(character[i])], i, i + 1});
    }
    while (scratch.symbols.size() > 1) {
      Merge<uint32_t> best;
      size_t at = 0;
      for (size_t i = 0; i + 1 < scratch.symbols.size(); ++i) {
        const Merge<uint32_t> merge = merges_.find(scratch.symbols[i].id, scratch.symbols[i + 1].id);
        if (merge.before(best)) best = merge, at = i;
      }
      if (!best.possible()) break;
      last_rank = std::max(last_rank, best.rank);
      scratch.symbols[at].id = best.id;
      scratch.symbols.erase(scratch.symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    if (scratch.symbols.size() != 1) continue;
    const TokenId whole = scratch.symbols[0].id;
    if (first_use_[whole] > last_rank) character_token_[c] = whole;
  }
  first_use_ = {};
}

bool ByteLevelBpe::begin_with_characters(std::string_view piece, std::vector<Symbol>& symbols) const {
  symbols.clear();
  char32_t before = 0;
  for (uint32_t at = 0; at < piece.size();) {
    // Some pre-tokenizers cut inside characters.
    uint32_t length = utf8::length_by_lead(piece[at]);
    if (utf8::is_continuation(piece[at]) || at + length > piece.size()) return false;
    const char32_t here = utf8::decode(piece.data() + at, length);
    if (here >= 0x10000 || character_token_[here] == StringIndex::kNone) return false;
    if (at > 0 && (before | here) >= 0x80 && !barriers_->only_whole_between(before, here)) return false;
    symbols.push_back({character_token_[here], at, at + length});
    before = here;
    at += length;
  }
  return true;
}

/// The merges of a piece of few symbols, in place.
///
/// PERF: the symbols stay in their slots and are linked, so that nothing is moved; a joined one's slot
/// keeps a rank that never wins. Rank and joined token are one number to compare. What it costs
/// is the look-ups of pairs, most of which the table's filter answers.
void ByteLevelBpe::merge_few(std::vector<Symbol>& symbols) const {
  constexpr uint64_t kNever = ~uint64_t{0};
  const auto count = static_cast<uint32_t>(symbols.size());
  if (count < 2) return;
  uint64_t joins[kFew];  // of a symbol and the one after it
  uint8_t next[kFew], previous[kFew];
  const auto join_of = [&](uint32_t left, uint32_t right) {
    const Merge<uint32_t> merge = merges_.find(symbols[left].id, symbols[right].id);
    return merge.possible() ? uint64_t{merge.rank} << 32 | merge.id : kNever;
  };
  for (uint32_t i = 0; i < count; ++i) {
    joins[i] = i + 1 < count ? join_of(i, i + 1) : kNever;
    next[i] = static_cast<uint8_t>(i + 1);
    previous[i] = static_cast<uint8_t>(i - 1);
  }
  for (;;) {
    uint64_t best = joins[0];
    uint32_t at = 0;
    for (uint32_t i = 1; i < count; ++i) {
      const bool better = joins[i] < best;
      best = better ? joins[i] : best;
      at = better ? i : at;
    }
    if (best == kNever) break;
    const uint32_t right = next[at], after = next[right];
    symbols[at] = {static_cast<TokenId>(best), symbols[at].begin, symbols[right].end};
    joins[right] = kNever;
    next[at] = static_cast<uint8_t>(after);
    joins[at] = kNever;
    if (after < count) {
      previous[after] = static_cast<uint8_t>(at);
      joins[at] = join_of(at, after);
    }
    if (at > 0) joins[previous[at]] = join_of(previous[at], at);
  }
  uint32_t kept = 0;
  for (uint32_t at = 0; at < count; at = next[at]) symbols[kept++] = symbols[at];
  symbols.resize(kept);
}

/// The merges of a piece of any length: rank after rank, each from left to right.
///
/// PERF: what is this long is mostly one character or a few again and again, so that a handful
/// of ranks hold all merges, and nothing is sorted one by one.
void ByteLevelBpe::merge_many(std::vector<Symbol>& symbols) const {
  constexpr uint32_t kEnd = ~uint32_t{0};
  struct Link {
    uint32_t previous, next;
    Merge<uint32_t> merge;
  };
  const auto count = static_cast<uint32_t>(symbols.size());
  std::vector<Link> links(count);
  std::unordered_map<uint32_t, std::vector<uint32_t>> places;  // by rank: the left symbols
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ranks;
  const auto look = [&](uint32_t at) {
    const uint32_t right = links[at].next;
    links[at].merge = right == kEnd ? Merge<uint32_t>{} : merges_.find(symbols[at].id, symbols[right].id);
    if (!links[at].merge.possible()) return;
    std::vector<uint32_t>& list = places[links[at].merge.rank];
    if (list.empty()) ranks.push(links[at].merge.rank);
    list.push_back(at);
  };
  for (uint32_t i = 0; i < count; ++i) links[i] = {i == 0 ? kEnd : i - 1, i + 1 == count ? kEnd : i + 1, {}};
  for (uint32_t i = 0; i < count; ++i) look(i);
  std::vector<uint32_t> now;
  while (!ranks.empty()) {
    const uint32_t rank = ranks.top();
    ranks.pop();
    now.clear();
    now.swap(places[rank]);
    if (!std::ranges::is_sorted(now)) std::ranges::sort(now);
    for (size_t i = 0; i < now.size(); ++i) {
      const uint32_t at = now[i];
      if (links[at].merge.rank != rank) continue;  // one of the two is joined already
      const uint32_t right = links[at].next;
      symbols[at] = {links[at].merge.id, symbols[at].begin, symbols[right].end};
      links[right].merge = {};
      links[at].next = links[right].next;
      if (links[right].next != kEnd) links[links[right].next].previous = at;
      look(at);
      if (links[at].previous != kEnd) look(links[at].previous);
      // A vocabulary may join later what ranks before: then that comes first.
      if (!ranks.empty() && ranks.top() < rank) {
        std::vector<uint32_t>& rest = places[rank];
        rest.insert(rest.end(), now.begin() + static_cast<std::ptrdiff_t>(i) + 1, now.end());
        if (!rest.empty()) ranks.push(rank);
        break;
      }
    }
  }
  uint32_t kept = 0;
  for (uint32_t at = 0; at != kEnd;) {
    const uint32_t next = links[at].next;
    symbols[kept++] = symbols[at];
    at = next;
  }
  symbols.resize(kept);
}

/// PERF: three bytes of a Han character cost two merges and their look-ups each time; most
/// pieces that come here are such.
void ByteLevelBpe::encode(std::string_view piece, std::vector<Symbol>& symbols) const {
  const bool wide = std::ranges::any_of(piece, [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
  if (!wide || !begin_with_characters(piece, symbols)) {
    symbols.clear();
    symbols.reserve(piece.size());
    for (uint32_t i = 0; i < piece.size(); ++i) {
      const uint32_t id = byte_token_[static_cast<uint8_t>(piece[i])];
      if (id != StringIndex::kNone) symbols.push_back({id, i, i + 1});
    }
  }
  if (symbols.size() <= kFew) return merge_few(symbols);
  merge_many(symbols);
}

}  // namespace headrace::text
