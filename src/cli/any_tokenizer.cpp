#include "cli/any_tokenizer.h"

#include <filesystem>
#include <optional>

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

class OfJson final : public AnyTokenizer {
 public:
  explicit OfJson(text::Pipeline pipeline) : pipeline_(std::move(pipeline)) {}
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

/// The tokenizer.json or compiled tokenizer that MODEL names, if it names one.
std::optional<std::filesystem::path> json_file(const std::filesystem::path& model) {
  if (model.extension() == ".json" || text::is_compiled_tokenizer(model)) return model;
  std::error_code code;
  if (!std::filesystem::is_directory(model, code)) return std::nullopt;
  for (const auto& entry : std::filesystem::directory_iterator(model, code)) {
    if (entry.path().extension() == ".gguf") return std::nullopt;
  }
  if (std::filesystem::exists(model / "tokenizer.json", code)) return model / "tokenizer.json";
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<AnyTokenizer>> load_any_tokenizer(const ModelOptions& options) {
  if (const auto path = json_file(options.model)) {
    HR_TRY(auto pipeline, text::Pipeline::from_file(*path));
    return std::make_unique<OfJson>(std::move(pipeline));
  }
  HR_TRY(auto tokenizer, load_tokenizer(options));
  return std::make_unique<OfModel>(std::move(tokenizer));
}

}  // namespace headrace::cli
