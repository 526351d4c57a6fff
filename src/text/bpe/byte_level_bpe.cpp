#include "text/bpe/byte_level_bpe.h"

#include <fmt/format.h>

#include <string>

#include "text/bpe/byte_letters.h"

namespace headrace::text {
namespace {

constexpr size_t kMostMerges = size_t{1} << 24;

}  // namespace

ByteLevelBpe::ByteLevelBpe(const Vocabulary& vocabulary) {
  for (int byte = 0; byte < 256; ++byte) {
    byte_token_[byte] = vocabulary.find(ByteLetters::letter(static_cast<uint8_t>(byte)));
  }
}

Result<ByteLevelBpe> ByteLevelBpe::build(const Vocabulary& vocabulary, const std::vector<std::string>& merges) {
  ByteLevelBpe bpe(vocabulary);
  HR_CHECK(bpe.add_merges(vocabulary, merges));
  return bpe;
}

Result<void> ByteLevelBpe::add_merges(const Vocabulary& vocabulary, const std::vector<std::string>& merges) {
  if (merges.size() > kMostMerges) {
    return fail(ErrorKind::OutOfRange, fmt::format("The vocabulary has {} merges; at most {} are supported.",
                                                   merges.size(), kMostMerges));
  }
  merges_.reserve(merges.size());
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
  }
  return {};
}

void ByteLevelBpe::encode(std::string_view piece, MergeScratch<uint32_t>& scratch) const {
  scratch.symbols.clear();
  for (uint32_t i = 0; i < piece.size(); ++i) {
    const uint32_t id = byte_token_[static_cast<uint8_t>(piece[i])];
    if (id != StringIndex::kNone) scratch.symbols.push_back({id, i, i + 1});
  }
  merge_symbols(scratch, [this](const Symbol& left, const Symbol& right) { return merges_.find(left.id, right.id); });
}

}  // namespace headrace::text
