#include <fmt/format.h>

#include <memory>

#include "cli/any_tokenizer.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "cli/tokenizer_commands.h"
#include "text/pipeline.h"

namespace headrace::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFooter = R"(
Long parts are cut short; --json prints everything but the vocabulary.

Examples:
  headrace tokenizer inspect tokenizer.json
  headrace tokenizer inspect smollm2
  headrace tokenizer inspect tokenizer.json --json | jq .special_tokens)";

constexpr size_t kShownText = 100;

template <class Spec>
Result<Json> part_json(const text::LivePart<Spec>& part) {
  if (!part) return Json(nullptr);
  HR_TRY(const std::string json, text::write_component(part->get()));
  return Json::parse(json, nullptr, false);
}

struct ModelJson {
  Json operator()(const text::BpeModel& m) const {
    return {{"type", "BPE"}, {"merges", m.merges && m.vocabulary ? text::entries(*m.merges, *m.vocabulary).size() : 0}, {"unk_token", text_or_null(m.unk_token)},
            {"continuing_subword_prefix", text_or_null(m.continuing_subword_prefix)}, {"end_of_word_suffix", text_or_null(m.end_of_word_suffix)},
            {"fuse_unk", m.fuse_unk}, {"byte_fallback", m.byte_fallback}, {"ignore_merges", m.ignore_merges}};
  }
  Json operator()(const text::WordPieceModel& m) const {
    return {{"type", "WordPiece"}, {"unk_token", m.unk_token}, {"continuing_subword_prefix", m.continuing_subword_prefix},
            {"max_input_chars_per_word", m.max_input_chars_per_word}};
  }
  Json operator()(const text::WordLevelModel& m) const { return {{"type", "WordLevel"}, {"unk_token", m.unk_token}}; }
  Json operator()(const text::UnigramModel& m) const {
    return {{"type", "Unigram"}, {"unk_id", m.unk_id ? Json(*m.unk_id) : Json(nullptr)}, {"byte_fallback", m.byte_fallback}};
  }
  Json operator()(const text::CustomModel&) const { return {{"type", "custom"}}; }

  static Json text_or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }
};

Result<Json> inspect_json(const text::Pipeline& pipeline, const std::string& path) {
  Json added = Json::array();
  Json special = Json::array();
  for (const auto& [id, token] : pipeline.added_tokens()) (token.special ? special : added).push_back({{"id", id}, {"content", token.content}});
  HR_TRY(auto normalizer, part_json(pipeline.normalizer()));
  HR_TRY(auto pre_tokenizer, part_json(pipeline.pre_tokenizer()));
  HR_TRY(auto post_processor, part_json(pipeline.post_processor()));
  HR_TRY(auto decoder, part_json(pipeline.decoder()));
  const auto truncation = pipeline.truncation();
  const auto padding = pipeline.padding();
  return Json{{"path", path}, {"vocabulary_size", pipeline.vocabulary_size(true)}, {"model_vocabulary_size", pipeline.vocabulary_size(false)},
              {"normalizer", normalizer}, {"pre_tokenizer", pre_tokenizer}, {"model", std::visit(ModelJson{}, pipeline.model()->get().value)},
              {"post_processor", post_processor}, {"decoder", decoder},
              {"truncate_to", truncation ? Json(truncation->max_length) : Json(nullptr)}, {"pads", padding.has_value()},
              {"special_tokens", special}, {"added_tokens", added}};
}

/// Cuts between characters.
std::string cut(std::string text) {
  if (text.size() <= kShownText) return text;
  size_t end = kShownText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string shown(const Json& json) { return json.is_null() ? "none" : cut(json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

std::string shown_tokens(const Json& tokens) {
  std::string line;
  for (const auto& token : tokens) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", token["content"].get<std::string>(), token["id"].get<uint64_t>());
  return line.empty() ? "none" : fmt::format("{}: {}", tokens.size(), cut(line));
}

Result<int> run(ModelOptions& options) {
  HR_TRY(const auto pipeline, load_pipeline(options));
  HR_TRY(const Json json, inspect_json(pipeline, options.model));
  if (options.json) {
    print_json(json);
    return 0;
  }
  fmt::print("{}\n\n", options.model);
  const auto row = [](const char* name, const std::string& value) { fmt::print("{:<16}{}\n", name, value); };
  row("vocabulary", fmt::format("{} tokens, {} of them the model's", json["vocabulary_size"].get<uint64_t>(), json["model_vocabulary_size"].get<uint64_t>()));
  for (const char* part : {"normalizer", "pre_tokenizer", "model", "post_processor", "decoder"}) row(part, shown(json[part]));
  row("truncation", json["truncate_to"].is_null() ? "none" : fmt::format("to {} tokens", json["truncate_to"].get<uint64_t>()));
  row("padding", json["pads"].get<bool>() ? "yes" : "none");
  row("special tokens", shown_tokens(json["special_tokens"]));
  row("added tokens", shown_tokens(json["added_tokens"]));
  return 0;
}

}  // namespace

void add_tokenizer_inspect(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ModelOptions>();
  CLI::App* command = add_command(app, chosen, "inspect", "show what a tokenizer is made of", options, run);
  command->add_option("FILE", options->model, "a tokenizer's file or folder, a GGUF file or a model's name")->option_text(" ")->required();
  add_json_option(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
