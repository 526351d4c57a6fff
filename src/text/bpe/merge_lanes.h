#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "text/bpe/merge.h"
#include "text/bpe/pair_table.h"

/// Merging of several short pieces side by side. Included by one file an instruction set, each of which keeps what it
/// makes of this to itself: nothing here has a name that another file could see.
namespace headrace::text {
namespace {

constexpr uint32_t kNeverJoined = 0xFFFFFF00u;  // and all above it

/// A piece that is being merged. Its symbols keep their slots; between two looks at the table, other pieces are looked at.
///
/// Slots 0 and count + 1 are no symbols, but have neighbours' bits and ids, so that nothing asks whether a symbol is the
/// first or the last.
template <class Simd>
class Lane {
 public:
  using View = PairTable::View;

  void begin(const View& table, ShortPiece& piece) {
    const uint32_t count = piece.count;
    piece_ = &piece;
    blocks_ = count / 16 + 1;
    for (uint32_t i = 0; i < blocks_ * 16; ++i) order_[i] = ~uint32_t{0};
    ids_[0] = ids_[count + 1] = ~uint32_t{0};
    if (count > 0) ids_[1] = piece.ids[0];
    pending_ = 0;
    for (uint32_t i = 1; i < count; ++i) {
      const TokenId left = piece.ids[i - 1], right = piece.ids[i];
      ids_[i + 1] = right;
      if (PairTable::are_small(left, right)) {
        take(i, table.small[left * PairTable::kSmall + right]);
      } else {
        __builtin_prefetch(&table.lines[table.line_of(PairTable::hash_of(PairTable::key_of(left, right)))]);
        pending_ |= uint64_t{1} << i;
      }
    }
    alive_ = (uint64_t{4} << count) - 1;
    for (Question& question : questions_) question = {0, &table.lines[0], PairTable::kNoPair};
  }

  /// Takes what the table says of the pairs that were asked for.
  void answer(const View& table) {
    for (; pending_; pending_ &= pending_ - 1) {
      const auto at = static_cast<uint32_t>(__builtin_ctzll(pending_));
      const uint64_t key = PairTable::key_of(ids_[at], ids_[at + 1]);
      look(table, {at, &table.lines[table.line_of(PairTable::hash_of(key))], key});
    }
    for (const Question& question : questions_) look(table, question);
  }

  /// Joins once, and asks for the pairs that are new. False: nothing can be joined any more.
  bool join(const View& table) {
    const uint32_t best = Simd::least(order_, blocks_);
    if (best >= kNeverJoined) return false;
    const uint32_t at = best & 0xFF;
    const uint64_t after = alive_ & (~uint64_t{1} << at);  // the slots after it
    const uint64_t without = after & (after - 1);
    alive_ ^= after ^ without;
    order_[__builtin_ctzll(after)] = ~uint32_t{0};
    ids_[at] = joined_[at];
    const auto next = static_cast<uint32_t>(__builtin_ctzll(without));
    // Bit 0 is set for what is before the first symbol, which is slot 1 always.
    const auto previous = static_cast<uint32_t>(63 - __builtin_clzll(alive_ & ((uint64_t{1} << at) - 1)));
    ask(table, questions_[0], previous, previous != 0, at);
    ask(table, questions_[1], at, (without & (without - 1)) != 0, next);
    return true;
  }

  void finish() {
    uint32_t kept = 0;
    for (uint64_t left = alive_ & ((uint64_t{2} << piece_->count) - 2); left; left &= left - 1) {
      piece_->ids[kept++] = ids_[__builtin_ctzll(left)];
    }
    piece_->count = kept;
  }

 private:
  struct Question {
    uint32_t at;  // the left one's slot
    const PairTable::Line* line;
    uint64_t key;
  };

  void take(uint32_t at, const PairTable::Join& join) {
    order_[at] = ~join.inverted_rank << 8 | at;
    joined_[at] = join.id();
  }

  /// PERF: two pairs in three are not there, and which ones cannot be guessed: no branch depends on it.
  void look(const View& table, const Question& question) {
    const PairTable::Line* line = question.line;
    unsigned found = Simd::matches(*line, question.key);
    while (__builtin_expect((found == 0) & line->goes_on(), 0)) {
      line = line + 1 == table.lines + table.count ? table.lines : line + 1;
      found = Simd::matches(*line, question.key);
    }
    const PairTable::Join& join = line->joins[__builtin_ctz(found | 1u << (PairTable::kWays - 1))];
    order_[question.at] = (~join.inverted_rank << 8 | question.at) | (uint32_t{0} - static_cast<uint32_t>(found == 0));
    joined_[question.at] = join.id();
  }

  /// Asks for a pair, or for one that is not there: without a neighbour.
  void ask(const View& table, Question& question, uint32_t left, bool is_pair, uint32_t right) {
    const uint64_t mask = uint64_t{0} - static_cast<uint64_t>(is_pair);
    const uint64_t key = PairTable::key_of(ids_[left], ids_[right]);
    question.at = left;
    question.key = key | ~mask;
    question.line = &table.lines[table.line_of(PairTable::hash_of(key)) & mask];
    __builtin_prefetch(question.line);
  }

  // Of a symbol and the next one: rank and slot, so that the least is what joins first; and what they give.
  alignas(64) uint32_t order_[64];
  TokenId joined_[64];
  TokenId ids_[64];
  ShortPiece* piece_;
  uint64_t alive_;    // slots of symbols, and the two beside them
  uint64_t pending_;  // slots whose pair with the next one is asked for at the beginning
  Question questions_[2];
  uint32_t blocks_;   // of 16 slots
};
/// PERF: merging is waiting for the table of merges, each time for what the join before gave; so as many pieces wait
/// together as the CPU has lines on their way. All answers are taken before the first join, so that what is stored by
/// slots has reached the cache when it is read in whole vectors.
template <class Simd>
void merge_in_lanes(const PairTable::View& table, ShortPiece* pieces, size_t count) {
  constexpr size_t kLanes = 16;
  Lane<Simd> lanes[kLanes];
  uint8_t running[kLanes];
  size_t n = 0, next = 0;
  for (; n < kLanes && next < count; ++n) {
    running[n] = static_cast<uint8_t>(n);
    lanes[n].begin(table, pieces[next++]);
  }
  while (n > 0) {
    for (size_t i = 0; i < n; ++i) lanes[running[i]].answer(table);
    for (size_t i = 0; i < n;) {
      Lane<Simd>& lane = lanes[running[i]];
      if (lane.join(table)) {
        ++i;
        continue;
      }
      lane.finish();
      if (next < count) {
        lane.begin(table, pieces[next++]);
        ++i;
      } else {
        running[i] = running[--n];
      }
    }
  }
}

}  // namespace
}  // namespace headrace::text
