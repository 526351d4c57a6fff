#include "text/bpe/whole_tokens.h"

namespace headrace::text {
namespace {

/// How a token is made: by which merge, of which parts. `made` is the rank plus one; zero: it is a first symbol.
struct Making {
  uint32_t made = 0;
  TokenId left = 0;
  TokenId right = 0;
};

/// Whether something joins the sides of a merge before it does.
bool joined_before(const PairMerger& merger, const std::vector<Making>& makings, TokenId left, TokenId right, uint32_t made) {
  uint32_t left_until = made, right_until = made;  // by which merges the two are taken up
  for (;;) {
    const Making& a = makings[left];
    const Making& b = makings[right];
    if (a.made == 0 && b.made == 0) return false;
    // Back to the pair that was there before the later one of both was made; of equal ranks the left one is first.
    if (a.made > b.made) {
      left_until = a.made;
      left = a.right;
    } else {
      right_until = b.made;
      right = b.left;
    }
    const Merge<uint32_t> merge = merger.find(left, right);
    if (!merge.possible()) continue;
    const uint32_t at = merge.rank + 1;
    if (at < left_until && at <= right_until) return true;
  }
}

}  // namespace

std::vector<uint8_t> find_whole_tokens(const PairMerger& merger, std::span<const MergeIds> merges, std::span<const uint8_t> firsts) {
  std::vector<uint8_t> whole(firsts.begin(), firsts.end());
  std::vector<Making> makings(firsts.size());
  constexpr size_t kAhead = 16;
  for (uint32_t rank = 0; rank < merges.size(); ++rank) {
    if (rank + kAhead < merges.size()) {
      const MergeIds& later = merges[rank + kAhead];
      merger.prefetch(later.left, later.right);
      __builtin_prefetch(&makings[later.left]);
      __builtin_prefetch(&makings[later.right]);
    }
    const MergeIds& merge = merges[rank];
    if (whole[merge.result] || !whole[merge.left] || !whole[merge.right]) continue;
    const Merge<uint32_t> counted = merger.find(merge.left, merge.right);
    if (counted.rank != rank) continue;  // the pair comes again
    if (joined_before(merger, makings, merge.left, merge.right, rank + 1)) continue;
    whole[merge.result] = 1;
    makings[merge.result] = {rank + 1, merge.left, merge.right};
  }
  return whole;
}

}  // namespace headrace::text
