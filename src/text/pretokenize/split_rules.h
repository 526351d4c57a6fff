#pragma once

#include <cstdint>
#include <variant>

namespace headrace::text {

enum class NumberCut : uint8_t {
  Together,  ///< runs of numbers, as the pattern has them
  OneByOne,  ///< each number is cut out first, then the pattern runs on what is between
};

/// The pattern of GPT-2:
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
struct Gpt2Rules {
  NumberCut numbers = NumberCut::Together;
};

/// What the patterns derived from OpenAI's cl100k differ in.
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
///  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
struct Cl100kRules {
  uint32_t most_digits = 3;    ///< \p{N}{1,most_digits}; 0: any number
  bool contractions = true;    ///< (?i:'s|'t|'re|'ve|'m|'ll|'d) first
  bool marks_in_words = false; ///< words are [\p{L}\p{M}]+, and marks no symbols
  bool newlines_after_symbols = true;  ///< [\r\n]* after a run of symbols
};

/// What the patterns derived from OpenAI's o200k differ in. With
/// U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L = [\p{Ll}\p{Lm}\p{Lo}\p{M}], C the contractions:
/// [^\r\n\p{L}\p{N}]?U*L+C?|[^\r\n\p{L}\p{N}]?U+L*C?|\p{N}{1,3}|
///  ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
struct O200kRules {
  uint32_t most_digits = 3;   ///< \p{N}{1,most_digits}
  bool contractions = true;   ///< (?i:'s|'t|'re|'ve|'m|'ll|'d)? after a word
};

/// DeepSeek-V3's sequence of three patterns (see deepseek_scanner.h).
struct DeepSeekRules {};

/// The families of published patterns that have a scanner by hand and can be split in bulk
/// (bulk/piece_splitter.h).
using SplitRules = std::variant<Gpt2Rules, Cl100kRules, O200kRules, DeepSeekRules>;

}  // namespace headrace::text
