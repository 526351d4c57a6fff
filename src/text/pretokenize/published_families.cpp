#include "text/pretokenize/published_families.h"

#include <algorithm>
#include <map>
#include <memory>

#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {
namespace {

constexpr char kGpt2[] = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr char kContractions[] = R"((?i:'s|'t|'re|'ve|'m|'ll|'d))";

constexpr char kOneNumber[] = R"(\p{N})";

// DeepSeek-V3's three, as its tokenizer.json has them: the newlines are bytes and not escapes.
constexpr const char* kDeepSeek[] = {
    R"(\p{N}{1,3})", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|"
    "\\s*[\r\n]+|\\s+(?!\\S)|\\s+"};

std::string numbers(uint32_t most) {
  if (most == 0) return R"(\p{N}+)";
  return most == 1 ? R"(\p{N})" : R"(\p{N}{1,)" + std::to_string(most) + "}";
}

std::string pattern_of(const Cl100kRules& rules) {
  const std::string marks = rules.marks_in_words ? R"(\p{M})" : "";
  std::string pattern = rules.contractions ? std::string(kContractions) + "|" : "";
  pattern += R"([^\r\n\p{L}\p{N}]?)" + (rules.marks_in_words ? std::string(R"([\p{L}\p{M}]+)") : std::string(R"(\p{L}+)"));
  pattern += "|" + numbers(rules.most_digits) + R"(| ?[^\s\p{L})" + marks + R"(\p{N}]+)";
  if (rules.newlines_after_symbols) pattern += R"([\r\n]*)";
  return pattern + R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

std::string pattern_of(const O200kRules& rules) {
  const std::string upper = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])", lower = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
  const std::string after = rules.contractions ? std::string(kContractions) + "?" : "";
  const std::string before = R"([^\r\n\p{L}\p{N}]?)";
  return before + upper + "*" + lower + "+" + after + "|" + before + upper + "+" + lower + "*" + after + "|" +
         numbers(rules.most_digits) + R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

const std::map<std::string, SplitRules, std::less<>>& families() {
  static const auto map = [] {
    std::map<std::string, SplitRules, std::less<>> all;
    all.emplace(kGpt2, Gpt2Rules{});
    const bool both[] = {false, true};
    for (const uint32_t digits : {0u, 1u, 2u, 3u}) {
      for (const bool contractions : both) {
        const O200kRules o200k{.most_digits = digits, .contractions = contractions};
        if (digits > 0) all.emplace(pattern_of(o200k), o200k);
        for (const bool marks : both) {
          for (const bool newlines : both) {
            const Cl100kRules cl100k{.most_digits = digits, .contractions = contractions, .marks_in_words = marks,
                                     .newlines_after_symbols = newlines};
            all.emplace(pattern_of(cl100k), cl100k);
          }
        }
      }
    }
    return all;
  }();
  return map;
}

}  // namespace

std::optional<SplitRules> rules_of_pattern(std::string_view pattern) {
  const auto found = families().find(pattern);
  return found == families().end() ? std::nullopt : std::optional(found->second);
}

std::optional<SplitRules> rules_of_patterns(std::span<const std::string> patterns) {
  if (patterns.size() == 1) return rules_of_pattern(patterns[0]);
  if (std::ranges::equal(patterns, kDeepSeek)) return DeepSeekRules{};
  if (patterns.size() == 2 && patterns[0] == kOneNumber && patterns[1] == kGpt2) return Gpt2Rules{NumberCut::OneByOne};
  return std::nullopt;
}

std::vector<std::string> patterns_of(const SplitRules& rules) {
  struct Patterns {
    std::vector<std::string> operator()(const Gpt2Rules& gpt2) const {
      if (gpt2.numbers == NumberCut::OneByOne) return {kOneNumber, kGpt2};
      return {kGpt2};
    }
    std::vector<std::string> operator()(const Cl100kRules& cl100k) const { return {pattern_of(cl100k)}; }
    std::vector<std::string> operator()(const O200kRules& o200k) const { return {pattern_of(o200k)}; }
    std::vector<std::string> operator()(const DeepSeekRules&) const { return {std::begin(kDeepSeek), std::end(kDeepSeek)}; }
  };
  return std::visit(Patterns{}, rules);
}

/// PERF: a scanner is made at once; a pattern costs two milliseconds when it is first used.
Finder find_pieces(const SplitRules& rules) {
  return [scanner = std::shared_ptr<const PieceScanner>(make_scanner(rules))](std::string_view text) -> Result<std::vector<Match>> {
    if (text.empty()) return std::vector<Match>{{}};
    std::vector<uint32_t> ends;
    HR_CHECK(scanner->split(text, ends));
    std::vector<Match> pieces;
    pieces.reserve(ends.size());
    for (uint32_t begin = 0; const uint32_t end : ends) {
      pieces.push_back({{begin, end}, true});
      begin = end;
    }
    return pieces;
  };
}

bool is_published_pattern(std::string_view pattern) {
  return families().contains(pattern) || std::ranges::find(kDeepSeek, pattern) != std::end(kDeepSeek);
}

}  // namespace headrace::text
