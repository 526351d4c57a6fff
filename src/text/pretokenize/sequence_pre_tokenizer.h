#pragma once

#include <memory>
#include <vector>

#include "text/pretokenize/pre_tokenizer.h"

namespace headrace::text {

/// Runs pre-tokenizers one after another, each on the pieces that the one before it left.
std::unique_ptr<const PreTokenizer> make_sequence_pre_tokenizer(
    std::vector<std::unique_ptr<const PreTokenizer>> stages);

}  // namespace headrace::text
