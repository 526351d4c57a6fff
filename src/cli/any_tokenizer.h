#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/model_options.h"
#include "text/pipeline.h"
#include "text/tokenizer.h"

namespace headrace::cli {

/// The tokenizer of a model file or of a tokenizer's own, as the commands use either.
class AnyTokenizer {
 public:
  virtual ~AnyTokenizer() = default;
  virtual Result<text::EncodedText> encode(std::string_view text, const text::EncodeOptions& options) const = 0;
  virtual Result<std::string> decode(const std::vector<text::TokenId>& ids, bool skip_special) const = 0;
  virtual std::string token(text::TokenId id) const = 0;
  virtual size_t vocabulary_size() const = 0;
};

/// `options.model` is a model, a tokenizer's file of any kind (text/tokenizer_files.h), or a folder that holds one (and no .gguf file).
Result<std::unique_ptr<AnyTokenizer>> load_any_tokenizer(const ModelOptions& options);
/// Of the same, the parts; of a GGUF file those that do what it says. `encoding`: see text::LoadOptions.
Result<text::Pipeline> load_pipeline(const ModelOptions& options, const std::string& encoding = "");

}  // namespace headrace::cli
