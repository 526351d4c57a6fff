#include "text/training/piece_counts.h"

namespace headrace::text {

/// PERF: the slots of a batch are fetched while its other pieces are packed.
void PieceCounts::add(const SplitChunk& chunk) {
  PackedPiece pieces[kBatch];
  uint64_t hashes[kBatch];
  size_t count = 0;
  const auto flush = [&] {
    for (size_t i = 0; i < count; ++i) add(pieces[i], hashes[i], 1);
    count = 0;
  };
  const auto take = [&](size_t begin, size_t end) {
    const size_t size = end - begin;
    if (size > PackedPiece::kLongest) {
      long_.add({reinterpret_cast<const char*>(chunk.text) + begin, size});
      return;
    }
    pieces[count] = pack(chunk.text + begin, size);
    hashes[count] = hash_(pieces[count]);
    __builtin_prefetch(&slots_[hashes[count] & mask_]);
    if (++count == kBatch) flush();
  };
  size_t begin = 0;
  for (size_t w = 0; w < chunk.blocks; ++w) {
    uint64_t starts = chunk.starts[w];
    if (w == 0) starts &= ~uint64_t{1};
    for (; starts; starts &= starts - 1) {
      const size_t end = w * 64 + static_cast<size_t>(std::countr_zero(starts));
      take(begin, end);
      begin = end;
    }
  }
  if (begin < chunk.size) take(begin, chunk.size);
  flush();
}

void PieceCounts::add(const PieceCounts& other) {
  for (const Short& slot : other.slots_) {
    if (slot.count > 0) add(slot.piece, hash_(slot.piece), slot.count);
  }
  long_.add(other.long_);
}

void PieceCounts::grow() {
  std::vector<Short> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (const Short& slot : old) {
    if (slot.piece.high != 0) *find(slot.piece, hash_(slot.piece)) = slot;
  }
}

std::span<const PieceCounts::Short> PieceCounts::sorted() {
  std::erase_if(slots_, [](const Short& slot) { return slot.count == 0; });
  std::sort(slots_.begin(), slots_.end(), [](const Short& a, const Short& b) {
    if (a.count != b.count) return a.count > b.count;
    return a.piece.high != b.piece.high ? a.piece.high < b.piece.high : a.piece.low < b.piece.low;
  });
  return slots_;
}

}  // namespace headrace::text
