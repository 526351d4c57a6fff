#include "text/bpe/whole_tokens.h"

#include <utility>

namespace headrace::text {
namespace {

/// How a token is made: by which merge, of which parts. `made` is the rank plus one; zero: it is a first symbol.
struct Making {
  uint32_t made = 0;
  TokenId left = 0;
  TokenId right = 0;
};

/// Two tokens that touch at the border of a merge's sides, and up to which merges they do.
struct Border {
  uint64_t key;
  uint64_t hash;
  uint32_t left_until;
  uint32_t right_until;
};

class Finder {
 public:
  Finder(const PairMerger& merger, std::span<const MergeIds> merges, std::span<const uint8_t> firsts)
      : table_(merger.table()), merges_(merges), whole_(firsts.begin(), firsts.end()), awaited_(firsts.size()), makings_(firsts.size()) {}

  std::vector<uint8_t> find() && {
    for (uint32_t rank = 0; rank < merges_.size(); ++rank) {
      const MergeIds& merge = merges_[rank];
      if (rank + kAhead < merges_.size()) {
        __builtin_prefetch(&makings_[merges_[rank + kAhead].left]);
        __builtin_prefetch(&makings_[merges_[rank + kAhead].right]);
      }
      if (count_ == kBatch || awaited_[merge.left] || awaited_[merge.right] || awaited_[merge.result]) decide();
      if (!whole_[merge.result] && whole_[merge.left] && whole_[merge.right]) begin(rank);
    }
    decide();
    return std::move(whole_);
  }

 private:
  static constexpr size_t kBatch = 24;
  static constexpr size_t kAhead = 32;

  /// Notes what touches at the border of a merge's sides before it is made.
  void begin(uint32_t rank) {
    const MergeIds& merge = merges_[rank];
    awaited_[merge.result] = 1;
    ranks_[count_] = rank;
    TokenId left = merge.left, right = merge.right;
    add_border(left, right, rank + 1, rank + 1);
    uint32_t left_until = rank + 1, right_until = rank + 1;
    while (makings_[left].made != 0 || makings_[right].made != 0) {
      // Back to the pair that was there before the later one of both was made; of equal ranks the left one is first.
      if (makings_[left].made > makings_[right].made) {
        left_until = makings_[left].made;
        left = makings_[left].right;
      } else {
        right_until = makings_[right].made;
        right = makings_[right].left;
      }
      add_border(left, right, left_until, right_until);
    }
    ends_[count_++] = borders_.size();
  }

  void add_border(TokenId left, TokenId right, uint32_t left_until, uint32_t right_until) {
    const uint64_t key = PairTable::key_of(left, right), hash = PairTable::hash_of(key);
    if (!table_.may_have(hash)) return;
    table_.prefetch(hash);
    borders_.push_back({key, hash, left_until, right_until});
  }

  /// Whether something joins the sides of a merge before it does. The first border is the merge itself, unless its
  /// pair comes again with another rank.
  bool is_made(uint32_t rank, std::span<const Border> borders) const {
    if (table_.find(borders[0].key, borders[0].hash).rank != rank) return false;
    for (const Border& border : borders.subspan(1)) {
      const Merge<uint32_t> merge = table_.find(border.key, border.hash);
      if (merge.possible() && merge.rank + 1 < border.left_until && merge.rank + 1 <= border.right_until) return false;
    }
    return true;
  }

  void decide() {
    size_t begin = 0;
    for (size_t i = 0; i < count_; ++i) {
      const MergeIds& merge = merges_[ranks_[i]];
      awaited_[merge.result] = 0;
      if (is_made(ranks_[i], std::span(borders_).subspan(begin, ends_[i] - begin))) {
        whole_[merge.result] = 1;
        makings_[merge.result] = {ranks_[i] + 1, merge.left, merge.right};
      }
      begin = ends_[i];
    }
    borders_.clear();
    count_ = 0;
  }

  const PairTable& table_;
  std::span<const MergeIds> merges_;
  std::vector<uint8_t> whole_;
  std::vector<uint8_t> awaited_;  // by id: the result of a merge of the batch
  std::vector<Making> makings_;
  size_t count_ = 0;
  uint32_t ranks_[kBatch];
  size_t ends_[kBatch];
  std::vector<Border> borders_;
};

}  // namespace

/// PERF: each pair that touches is a look into a large table; a batch of merges asks for all of theirs first.
std::vector<uint8_t> find_whole_tokens(const PairMerger& merger, std::span<const MergeIds> merges, std::span<const uint8_t> firsts) {
  return Finder(merger, merges, firsts).find();
}

}  // namespace headrace::text
