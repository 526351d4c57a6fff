#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/model_options.h"
#include "text/tokenizer.h"

namespace headrace::cli {

/// The tokenizer of a model file or of a tokenizer.json, as the commands use either.
class AnyTokenizer {
 public:
  virtual ~AnyTokenizer() = default;
  virtual Result<text::EncodedText> encode(std::string_view text, const text::EncodeOptions& options) const = 0;
  virtual Result<std::string> decode(const std::vector<text::TokenId>& ids, bool skip_special) const = 0;
  virtual std::string token(text::TokenId id) const = 0;
  virtual size_t vocabulary_size() const = 0;
};

/// `options.model` is a model, a .json file, or a folder with a tokenizer.json (and no .gguf file).
Result<std::unique_ptr<AnyTokenizer>> load_any_tokenizer(const ModelOptions& options);

}  // namespace headrace::cli
