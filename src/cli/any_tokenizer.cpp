#include "cli/any_tokenizer.h"

#include <filesystem>
#include <fstream>

#include "model/gguf.h"
#include "text/pipeline.h"
#include "text/tokenizer_files.h"

namespace headrace::cli {
namespace {

class OfModel final : public AnyTokenizer {
 public:
  explicit OfModel(std::shared_ptr<const text::Tokenizer> tokenizer) : tokenizer_(std::move(tokenizer)) {}
  Result<text::EncodedText> encode(std::string_view text, const text::EncodeOptions& options) const override {
    return tokenizer_->encode(text, options);
  }
  Result<std::string> decode(const std::vector<text::TokenId>& ids, bool skip_special) const override {
    return tokenizer_->decode(ids, {.skip_special = skip_special});
  }
  std::string token(text::TokenId id) const override { return std::string(tokenizer_->token(id)); }
  size_t vocabulary_size() const override { return tokenizer_->vocabulary_size(); }

 private:
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

class OfParts final : public AnyTokenizer {
 public:
  explicit OfParts(text::Pipeline pipeline) : pipeline_(std::move(pipeline)) {}
  Result<text::EncodedText> encode(std::string_view text, const text::EncodeOptions& options) const override {
    text::PipelineOptions wanted;
    wanted.add_special_tokens = options.add_special;
    wanted.invalid_utf8 = text::InvalidUtf8::Replace;
    wanted.truncate = wanted.pad = false;
    if (!options.parse_special) wanted.encode_special_tokens = true;
    text::EncodedText encoded;
    HR_CHECK(pipeline_.encode_ids(text, wanted, encoded.ids, options.offsets ? &encoded.offsets : nullptr));
    return encoded;
  }
  Result<std::string> decode(const std::vector<text::TokenId>& ids, bool skip_special) const override {
    return pipeline_.decode(ids, skip_special);
  }
  std::string token(text::TokenId id) const override { return pipeline_.id_to_token(id).value_or(""); }
  size_t vocabulary_size() const override { return pipeline_.vocabulary_size(true); }

 private:
  text::Pipeline pipeline_;
};

bool is_gguf(const std::filesystem::path& path) {
  if (path.extension() == ".gguf") return true;
  char magic[4] = {};
  std::ifstream file(path, std::ios::binary);
  return file.read(magic, sizeof(magic)) && std::string_view(magic, sizeof(magic)) == "GGUF";
}

/// Whether MODEL is a file or folder of a tokenizer, and not of a model.
bool is_of_tokenizer(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_directory(path, code)) return std::filesystem::exists(path, code) && !is_gguf(path);
  for (const auto& entry : std::filesystem::directory_iterator(path, code)) {
    if (entry.path().extension() == ".gguf") return false;
  }
  return true;
}

}  // namespace

Result<text::Pipeline> load_pipeline(const ModelOptions& options, const std::string& encoding) {
  if (is_of_tokenizer(options.model)) return text::load_tokenizer(options.model, {.encoding = encoding});
  HR_TRY(const auto path, find_model(options));
  HR_TRY(const auto gguf, model::Gguf::open(path));
  HR_TRY(const auto source, model::tokenizer_source(gguf));
  return text::pipeline_of(source);
}

Result<std::unique_ptr<AnyTokenizer>> load_any_tokenizer(const ModelOptions& options) {
  if (is_of_tokenizer(options.model)) {
    HR_TRY(auto pipeline, text::load_tokenizer(options.model));
    return std::make_unique<OfParts>(std::move(pipeline));
  }
  HR_TRY(auto tokenizer, load_tokenizer(options));
  return std::make_unique<OfModel>(std::move(tokenizer));
}

}  // namespace headrace::cli
