#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/training.h"
#include "text/training/training_vocabulary.h"
#include "text/training/training_watch.h"

namespace headrace::text {

/// No sum of counts may overflow: each pair's count is at most that of all characters. OutOfRange beyond 62 bits.
Result<void> check_counts(std::span<const WordCounts* const> corpora);

/// Adds the characters of words and of `initial`, in order of code points; of those only `limit` that are
/// most frequent, where `initial` comes first.
Result<void> add_alphabet(TrainingVocabulary& vocabulary, std::span<const WordCounts* const> corpora, std::span<const char32_t> initial,
                          std::optional<size_t> limit, TrainingWatch& watch);

/// The symbols that a word's characters are at first.
class WordSymbols {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};
  struct Affixes {
    std::optional<std::string> prefix;  ///< of all but the first character
    std::optional<std::string> suffix;  ///< of the last one
  };

  WordSymbols(TrainingVocabulary& vocabulary, Affixes affixes) : vocabulary_(vocabulary), affixes_(std::move(affixes)) {}

  /// The symbol of a character in its place, which becomes a new one if only its affixes are new; kNone for a character
  /// that the alphabet lacks.
  uint32_t add(std::string_view character, bool first, bool last);
  /// The same, where nothing becomes new: kNone also where the affixes make it another spelling than any there.
  uint32_t find(std::string_view character, bool first, bool last) const;

  /// Words by number; in order of bytes where affixes make new symbols, so that ids do not depend on the order of counting.
  std::vector<uint32_t> order(const WordCounts& words) const;

 private:
  std::string spelling(std::string_view character, bool first, bool last) const;

  TrainingVocabulary& vocabulary_;
  Affixes affixes_;
  std::unordered_map<uint64_t, uint32_t> known_;  // a character and its place in the word → its symbol
};

/// What merging two symbols spells: the right one's continuing prefix goes.
std::string joined_spelling(const TrainingVocabulary& vocabulary, uint32_t left, uint32_t right, const std::optional<std::string>& prefix);

}  // namespace headrace::text
