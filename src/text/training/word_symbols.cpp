#include "text/training/word_symbols.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "text/training/characters.h"

namespace headrace::text {

Result<void> check_counts(std::span<const WordCounts* const> corpora) {
  uint64_t total = 0;
  for (const WordCounts* words : corpora) {
    for (size_t n = 0; n < words->size(); ++n) {
      uint64_t product;
      if (__builtin_mul_overflow(words->count(n), std::max<uint64_t>(words->word(n).size(), 1), &product) ||
          __builtin_add_overflow(total, product, &total) || total > uint64_t{1} << 62) {
        return fail(ErrorKind::OutOfRange, "The words' counts times their lengths exceed 2^62.");
      }
    }
  }
  return {};
}

Result<void> add_alphabet(TrainingVocabulary& vocabulary, std::span<const WordCounts* const> corpora, std::span<const char32_t> initial,
                          std::optional<size_t> limit, TrainingWatch& watch) {
  std::unordered_map<char32_t, uint64_t> found;
  for (const WordCounts* words : corpora) {
    for (size_t n = 0; n < words->size(); ++n) {
      HR_CHECK(watch.check_at(n));
      for_each_character(words->word(n), [&](std::string_view text, bool, bool) { found[character_of(text)] += words->count(n); });
    }
  }
  for (const char32_t c : initial) found[c] = std::numeric_limits<uint64_t>::max();
  std::vector<std::pair<char32_t, uint64_t>> kept(found.begin(), found.end());
  std::sort(kept.begin(), kept.end());
  if (limit && kept.size() > *limit) {
    std::stable_sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    kept.resize(*limit);
    std::sort(kept.begin(), kept.end());
  }
  for (const auto& [c, count] : kept) vocabulary.add(spelled(c));
  return {};
}

std::string WordSymbols::spelling(std::string_view character, bool first, bool last) const {
  std::string spelling(character);
  if (!first && affixes_.prefix) spelling.insert(0, *affixes_.prefix);
  if (last && affixes_.suffix) spelling += *affixes_.suffix;
  return spelling;
}

uint32_t WordSymbols::add(std::string_view character, bool first, bool last) {
  const uint64_t key = uint64_t{character_of(character)} << 2 | uint64_t{first} << 1 | uint64_t{last};
  const auto [entry, added] = known_.try_emplace(key, kNone);
  if (added && vocabulary_.has(std::string(character))) entry->second = vocabulary_.add(spelling(character, first, last));
  return entry->second;
}

uint32_t WordSymbols::find(std::string_view character, bool first, bool last) const {
  return vocabulary_.has(std::string(character)) ? vocabulary_.find(spelling(character, first, last)).value_or(kNone) : kNone;
}

std::vector<uint32_t> WordSymbols::order(const WordCounts& words) const {
  std::vector<uint32_t> order(words.size());
  std::iota(order.begin(), order.end(), 0);
  if (affixes_.prefix || affixes_.suffix) {
    std::sort(order.begin(), order.end(), [&words](uint32_t a, uint32_t b) { return words.word(a) < words.word(b); });
  }
  return order;
}

std::string joined_spelling(const TrainingVocabulary& vocabulary, uint32_t left, uint32_t right, const std::optional<std::string>& prefix) {
  std::string_view rest = vocabulary.spelling(right);
  if (prefix && rest.starts_with(*prefix)) rest.remove_prefix(prefix->size());
  return vocabulary.spelling(left) + std::string(rest);
}

}  // namespace headrace::text
