#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/pretokenize/split_rules.h"

namespace headrace::text {

/// Cuts a text into the pieces within which tokens are joined. Immutable.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Appends the end of each piece of `text` (valid UTF-8) to `ends`; the last one is
  /// the text's size. OutOfRange if the text drives a pattern beyond its match limit.
  virtual Result<void> split(std::string_view text, std::vector<uint32_t>& ends) const = 0;
};

struct PreTokenizerChoice {
  std::unique_ptr<const PreTokenizer> pre_tokenizer;
  /// Models of this family look a whole piece up in the vocabulary first.
  bool ignore_merges = false;
  /// Where the whole is of a family that can be split in bulk: which.
  std::optional<SplitRules> rules;
};

/// Makes the pre-tokenizer of a `tokenizer.ggml.pre` name; Unsupported, with the
/// names that are known, for any other.
Result<PreTokenizerChoice> choose_pre_tokenizer(std::string_view name);

/// All names that choose_pre_tokenizer knows, in alphabetical order.
std::vector<std::string> pre_tokenizer_names();

}  // namespace headrace::text
