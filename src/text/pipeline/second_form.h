#pragma once

#include <string>
#include <string_view>

#include "text/pipeline.h"

/// tokenizers 1.0 writes version "2.0" of tokenizer.json. Its parts are those of version
/// "1.0" but for these, which here become what they are there. All are JSON; empty: none.
namespace headrace::text {

/// Byte letters are the model's affair in the second form ("byte_level": true), the last
/// pre-tokenizer's in the first.
Result<std::string> first_form_pre_tokenizer(std::string_view json, std::string_view model);
/// ByteLevel has no parameters in the second form.
Result<std::string> first_form_decoder(std::string_view json);
/// Templates name special tokens by ids alone; `pipeline` knows how they are spelled.
Result<std::string> first_form_post_processor(std::string_view json, const Pipeline& pipeline);

}  // namespace headrace::text
