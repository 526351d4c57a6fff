#pragma once

#include <memory>

#include "text/pretokenize/pre_tokenizer.h"

namespace headrace::text {

enum class Digits : uint8_t {
  Together,  ///< runs of numbers, as the pattern has them
  OneByOne,  ///< each number is cut out first, then the pattern runs on what is between
};

/// The pattern of GPT-2, by hand:
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::unique_ptr<const PreTokenizer> make_gpt2_scanner(Digits digits);

}  // namespace headrace::text
