// Lets the parity tests drive the models of tokenizers: one JSON request a line on standard
// input, one JSON answer a line on standard output. A request that fails is answered by
// {"error": message}.
//   {"op":"model","json":text,"alpha":…,"nbest_size":…,"seed":…}  → {"json": the model written again}
//   {"op":"encode","texts":[…]}      → {"tokens":[[[id,value,begin,end],…] or "error message",…]}
//   {"op":"token_to_id","tokens":[…]}, {"op":"id_to_token","ids":[…]}, {"op":"vocabulary"}
//   {"op":"train","kind":"BpeTrainer","parameters":{…},"words":{word: count},"before":json,"threads":n} → {"json":…}
//   {"op":"train_parity","parameters":{…},"training":[{word: count},…],"held_out":[…]}  → {"json":…}
//   {"op":"save","folder":…,"prefix":…}, {"op":"read_files","vocab_json":…,"merges":…,"vocab_txt":…}
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "text/components.h"
#include "text/training.h"

namespace {

using headrace::Result;
using headrace::text::ModelSpec;
using headrace::text::ModelStage;
using headrace::text::ModelToken;
using headrace::text::UnigramModel;
using nlohmann::json;

template <class T>
std::optional<T> optional(const json& request, const char* key) {
  const auto found = request.find(key);
  if (found == request.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

class Driver {
 public:
  Result<json> answer(const json& request) {
    const std::string op = request.at("op");
    if (op == "model") return model(request);
    if (op == "read_files") return read_files(request);
    if (op == "train") return train(request);
    if (op == "train_parity") return train_parity(request);
    if (!stage_) return headrace::fail(headrace::ErrorKind::InvalidArgument, "there is no model");
    if (op == "encode") return encode(request);
    if (op == "token_to_id") return token_to_id(request);
    if (op == "id_to_token") return id_to_token(request);
    if (op == "vocabulary") return vocabulary();
    if (op == "save") return save(request);
    return headrace::fail(headrace::ErrorKind::InvalidArgument, "unknown request " + op);
  }

 private:
  Result<json> model(const json& request) {
    stage_.reset();
    HR_TRY(ModelSpec spec, headrace::text::read_component<ModelSpec>(request.at("json").get_ref<const std::string&>()));
    HR_TRY(std::string written, headrace::text::write_component(spec));
    if (auto* unigram = std::get_if<UnigramModel>(&spec.value)) {
      unigram->alpha = optional<double>(request, "alpha");
      unigram->nbest_size = optional<size_t>(request, "nbest_size");
      unigram->seed = optional<uint64_t>(request, "seed");
    }
    if (auto* bpe = std::get_if<headrace::text::BpeModel>(&spec.value)) bpe->seed = optional<uint64_t>(request, "seed");
    HR_TRY(stage_, headrace::text::compile(spec));
    return json{{"json", std::move(written)}};
  }

  Result<json> train(const json& request) {
    HR_TRY(const ModelSpec before, headrace::text::read_component<ModelSpec>(request.at("before").get_ref<const std::string&>()));
    headrace::text::WordCounts words;
    for (const auto& [word, count] : request.at("words").items()) words.add(word, count.get<uint64_t>());
    headrace::text::Trainer trainer(parameters(request.at("kind"), request.at("parameters")));
    trainer.feed(std::move(words));
    headrace::ThreadPool pool(request.value("threads", 2));
    HR_TRY(const auto trained, trainer.train(before, {.progress = {}, .pool = &pool}));
    HR_TRY(std::string written, headrace::text::write_component(trained.model));
    return json{{"json", std::move(written)}};
  }

  Result<json> train_parity(const json& request) {
    headrace::text::LanguageWords words{word_counts(request.at("training")), word_counts(request.at("held_out"))};
    const json& p = request.at("parameters");
    headrace::text::ParityBpeTrainer trainer;
    trainer.num_merges = p.value("num_merges", trainer.num_merges);
    if (p.value("variant", "base") == "window") trainer.variant = headrace::text::ParityBpeTrainer::Variant::Window;
    trainer.min_frequency = p.value("min_frequency", trainer.min_frequency);
    trainer.ratio = optional<std::vector<double>>(p, "ratio");
    trainer.global_merges = p.value("global_merges", trainer.global_merges);
    trainer.window_size = p.value("window_size", trainer.window_size);
    trainer.alpha = p.value("alpha", trainer.alpha);
    trainer.total_symbols = p.value("total_symbols", trainer.total_symbols);
    trainer.limit_alphabet = optional<size_t>(p, "limit_alphabet");
    trainer.continuing_subword_prefix = optional<std::string>(p, "continuing_subword_prefix");
    trainer.end_of_word_suffix = optional<std::string>(p, "end_of_word_suffix");
    trainer.max_token_length = optional<size_t>(p, "max_token_length");
    characters(p, "initial_alphabet", trainer.initial_alphabet);
    special(p, trainer.special_tokens);
    HR_TRY(const auto trained, headrace::text::train(trainer, words));
    HR_TRY(std::string written, headrace::text::write_component(trained.model));
    return json{{"json", std::move(written)}};
  }

  static std::vector<headrace::text::WordCounts> word_counts(const json& languages) {
    std::vector<headrace::text::WordCounts> counts;
    for (const json& language : languages) {
      headrace::text::WordCounts& words = counts.emplace_back();
      for (const auto& [word, count] : language.items()) words.add(word, count.get<uint64_t>());
    }
    return counts;
  }

  static void characters(const json& from, const char* key, std::vector<char32_t>& to) {
    for (const uint32_t c : from.value(key, std::vector<uint32_t>())) to.push_back(c);
  }
  static void special(const json& from, std::vector<headrace::text::AddedToken>& to) {
    for (const std::string& content : from.value("special_tokens", std::vector<std::string>())) to.push_back({.content = content});
  }

  static headrace::text::BpeTrainer bpe(const json& p, headrace::text::BpeTrainer trainer) {
    trainer.vocab_size = p.value("vocab_size", trainer.vocab_size);
    trainer.min_frequency = p.value("min_frequency", trainer.min_frequency);
    trainer.limit_alphabet = optional<size_t>(p, "limit_alphabet");
    if (p.contains("continuing_subword_prefix")) trainer.continuing_subword_prefix = optional<std::string>(p, "continuing_subword_prefix");
    trainer.end_of_word_suffix = optional<std::string>(p, "end_of_word_suffix");
    trainer.max_token_length = optional<size_t>(p, "max_token_length");
    characters(p, "initial_alphabet", trainer.initial_alphabet);
    special(p, trainer.special_tokens);
    return trainer;
  }

  static headrace::text::TrainerParameters parameters(const std::string& kind, const json& p) {
    if (kind == "BpeTrainer") return bpe(p, {});
    if (kind == "WordPieceTrainer") {
      headrace::text::WordPieceTrainer trainer;
      trainer.bpe = bpe(p, trainer.bpe);
      return trainer;
    }
    if (kind == "WordLevelTrainer") {
      headrace::text::WordLevelTrainer trainer;
      trainer.vocab_size = p.value("vocab_size", trainer.vocab_size);
      trainer.min_frequency = p.value("min_frequency", trainer.min_frequency);
      special(p, trainer.special_tokens);
      return trainer;
    }
    headrace::text::UnigramTrainer trainer;
    trainer.vocab_size = p.value("vocab_size", trainer.vocab_size);
    trainer.shrinking_factor = p.value("shrinking_factor", trainer.shrinking_factor);
    trainer.n_sub_iterations = p.value("n_sub_iterations", trainer.n_sub_iterations);
    trainer.max_piece_length = p.value("max_piece_length", trainer.max_piece_length);
    trainer.unk_token = optional<std::string>(p, "unk_token");
    trainer.seeds_by_count = p.value("seeds_by_count", false);
    characters(p, "initial_alphabet", trainer.initial_alphabet);
    special(p, trainer.special_tokens);
    return trainer;
  }

  Result<json> encode(const json& request) {
    json answers = json::array();
    for (const std::string& text : request.at("texts").get<std::vector<std::string>>()) {
      std::vector<ModelToken> tokens;
      const auto done = stage_->tokenize(text, tokens);
      json list = json::array();
      for (const ModelToken& token : tokens) list.push_back({token.id, token.value, token.offsets.begin, token.offsets.end});
      answers.push_back(done ? list : json(done.error().message));
    }
    return json{{"tokens", answers}};
  }

  Result<json> token_to_id(const json& request) {
    json ids = json::array();
    for (const std::string& token : request.at("tokens").get<std::vector<std::string>>()) {
      const auto id = stage_->token_to_id(token);
      ids.push_back(id ? json(*id) : json());
    }
    return json{{"ids", ids}};
  }

  Result<json> id_to_token(const json& request) {
    json tokens = json::array();
    for (const uint32_t id : request.at("ids").get<std::vector<uint32_t>>()) {
      const auto token = stage_->id_to_token(id);
      tokens.push_back(token ? json(*token) : json());
    }
    return json{{"tokens", tokens}};
  }

  Result<json> vocabulary() {
    json map = json::object();
    stage_->for_each_token([&map](std::string_view token, uint32_t id) { map[std::string(token)] = id; });
    return json{{"vocabulary", map}, {"size", stage_->vocabulary_size()}};
  }

  Result<json> save(const json& request) {
    HR_TRY(const auto paths, stage_->save(request.at("folder"), optional<std::string>(request, "prefix")));
    return json{{"paths", paths}};
  }

  Result<json> read_files(const json& request) {
    json answer = json::object();
    if (const auto path = optional<std::string>(request, "vocab_json")) {
      HR_TRY(answer["vocab_json"], headrace::text::read_vocabulary_json(*path));
    }
    if (const auto path = optional<std::string>(request, "merges")) {
      HR_TRY(answer["merges"], headrace::text::read_merges_text(*path));
    }
    if (const auto path = optional<std::string>(request, "vocab_txt")) {
      HR_TRY(answer["vocab_txt"], headrace::text::read_vocabulary_text(*path));
    }
    return answer;
  }

  std::shared_ptr<const ModelStage> stage_;
};

}  // namespace

int main() {
  Driver driver;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto answer = driver.answer(json::parse(line));
    std::cout << (answer ? *answer : json{{"error", answer.error().message}}).dump() << std::endl;
  }
}
