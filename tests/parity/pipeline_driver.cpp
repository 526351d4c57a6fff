// Lets the parity tests drive text::Pipeline: reads JSON lines from standard input, each a
// request, and answers each with a JSON line. Byte strings are text; ids are numbers.
//   {"op":"load","name":n,"json":j} or "file":path          → {"ok":true} or {"error":…}
//   {"op":"encode","name":n,"texts":[[first, second|null],…],"special":b} → one encoding or
//       {"error":…} a text; a text may be a list of words; "fast": ids only
//   {"op":"batch",…}: the same in one call                  → [encodings]
//   {"op":"decode","name":n,"ids":[[…],…],"skip":b}         → texts
//   {"op":"stream","name":n,"ids":[[…],…],"skip":b}         → for each list its steps
//   {"op":"save","name":n,"pretty":b}                       → {"json":…}
//   {"op":"compile","name":n,"file":path}                   → {"ok":true} or {"error":…}
//   {"op":"tokens","name":n,"tokens":[…],"ids":[…]}         → ids, spellings and sizes
//   {"op":"add","name":n,"tokens":[{…}],"special":b}, {"op":"set","name":n,…}
//   {"op":"part","kind":"decoder","json":j,"tokens":[[…],…]} → decoded
#include <cstdio>
#include <iostream>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "text/pipeline.h"

namespace {

using Json = nlohmann::json;
using namespace headrace::text;
using headrace::Result;

Json error_of(const headrace::Error& error) { return {{"error", error.message}}; }

AddedToken token_of(const Json& json) {
  return {.content = json["content"],
          .single_word = json["single_word"],
          .lstrip = json["lstrip"],
          .rstrip = json["rstrip"],
          .normalized = json["normalized"],
          .special = json["special"]};
}

Json maps_of(const Encoding& encoding) {
  Json sequences = Json::array();
  for (const auto& sequence : encoding.sequence_ids()) sequences.push_back(sequence ? Json(*sequence) : Json());
  return sequences;
}

Json json_of(const Encoding& encoding) {
  Json words = Json::array();
  for (const uint32_t word : encoding.words) words.push_back(word == Encoding::kNoWord ? Json() : Json(word));
  Json offsets = Json::array();
  for (const Offset& offset : encoding.offsets) offsets.push_back({offset.begin, offset.end});
  Json more = Json::array();
  for (const Encoding& window : encoding.overflowing) more.push_back(json_of(window));
  return {{"ids", encoding.ids},
          {"types", encoding.type_ids},
          {"tokens", encoding.tokens},
          {"words", words},
          {"offsets", offsets},
          {"special", encoding.special_tokens_mask},
          {"attention", encoding.attention_mask},
          {"sequences", maps_of(encoding)},
          {"overflowing", more}};
}

/// A request's text, and the words it may be given as.
struct Text {
  std::string text;
  std::vector<std::string> words;
  bool is_words = false;
  explicit Text(const Json& json) : is_words(json.is_array()) {
    if (is_words) {
      words = json.get<std::vector<std::string>>();
    } else {
      text = json.get<std::string>();
    }
  }
  SequenceInput input() const { return is_words ? SequenceInput(std::span<const std::string>(words)) : SequenceInput(std::string_view(text)); }
};

class Driver {
 public:
  Json answer(const Json& request) {
    const std::string op = request["op"];
    if (op == "load") return load(request);
    if (op == "part") return part(request);
    const auto found = pipelines_.find(request["name"].get<std::string>());
    if (found == pipelines_.end()) return {{"error", "no such pipeline"}};
    Pipeline& pipeline = found->second;
    if (op == "encode") return encode(pipeline, request);
    if (op == "batch") return batch(pipeline, request);
    if (op == "decode") return decode(pipeline, request);
    if (op == "stream") return stream(pipeline, request);
    if (op == "save") return save(pipeline, request);
    if (op == "compile") return save_compiled(pipeline, request);
    if (op == "tokens") return tokens(pipeline, request);
    if (op == "add") return add(pipeline, request);
    if (op == "set") return set(pipeline, request);
    return {{"error", "unknown request " + op}};
  }

 private:
  Json load(const Json& request) {
    auto pipeline = request.contains("file") ? Pipeline::from_file(request["file"].get<std::string>())
                                             : Pipeline::from_json(request["json"].get<std::string>());
    if (!pipeline) return error_of(pipeline.error());
    pipelines_.erase(request["name"]);
    pipelines_.emplace(request["name"], std::move(*pipeline));
    return {{"ok", true}};
  }

  static Json save_compiled(const Pipeline& pipeline, const Json& request) {
    const auto saved = pipeline.save_compiled(request["file"].get<std::string>());
    return saved ? Json{{"ok", true}} : error_of(saved.error());
  }

  static PipelineOptions options(const Json& request) {
    return {.add_special_tokens = request.value("special", true),
            .unit = request.value("bytes", false) ? OffsetUnit::Byte : OffsetUnit::Character,
            .ids_only = request.value("fast", false)};
  }

  static Json encode(Pipeline& pipeline, const Json& request) {
    Json answers = Json::array();
    for (const Json& item : request["texts"]) {
      const Text first(item[0]);
      const Text second(item[1].is_null() ? Json("") : item[1]);
      PipelineInput input{first.input(), std::nullopt};
      if (!item[1].is_null()) input.second = second.input();
      const auto encoding = pipeline.encode(input, options(request));
      answers.push_back(encoding ? json_of(*encoding) : error_of(encoding.error()));
    }
    return answers;
  }

  static Json batch(Pipeline& pipeline, const Json& request) {
    std::vector<std::pair<Text, Text>> texts;
    for (const Json& item : request["texts"]) texts.emplace_back(Text(item[0]), Text(item[1].is_null() ? Json("") : item[1]));
    std::vector<PipelineInput> inputs;
    for (size_t i = 0; i < texts.size(); ++i) {
      inputs.push_back({texts[i].first.input(), std::nullopt});
      if (!request["texts"][i][1].is_null()) inputs.back().second = texts[i].second.input();
    }
    const auto encodings = pipeline.encode_batch(inputs, options(request));
    if (!encodings) return error_of(encodings.error());
    Json answers = Json::array();
    for (const Encoding& encoding : *encodings) answers.push_back(json_of(encoding));
    return answers;
  }

  static Json decode(Pipeline& pipeline, const Json& request) {
    Json answers = Json::array();
    for (const Json& ids : request["ids"]) {
      const auto text = pipeline.decode(ids.get<std::vector<TokenId>>(), request["skip"]);
      answers.push_back(text ? Json(*text) : error_of(text.error()));
    }
    return answers;
  }

  static Json stream(Pipeline& pipeline, const Json& request) {
    Json answers = Json::array();
    for (const Json& ids : request["ids"]) {
      Json steps = Json::array();
      DecodeStream stream(request.value("prompt", std::vector<TokenId>()), request["skip"]);
      for (const TokenId id : ids.get<std::vector<TokenId>>()) {
        const auto text = stream.step(pipeline, {&id, 1});
        steps.push_back(!text ? error_of(text.error()) : *text ? Json(**text) : Json());
        if (!text) break;
      }
      answers.push_back(steps);
    }
    return answers;
  }

  static Json save(Pipeline& pipeline, const Json& request) {
    const auto json = pipeline.to_json(request["pretty"]);
    return json ? Json{{"json", *json}} : error_of(json.error());
  }

  static Json tokens(Pipeline& pipeline, const Json& request) {
    Json ids = Json::array(), spelled = Json::array(), added = Json::object();
    for (const Json& token : request["tokens"]) {
      const auto id = pipeline.token_to_id(token.get<std::string>());
      ids.push_back(id ? Json(*id) : Json());
    }
    for (const Json& id : request["ids"]) {
      const auto token = pipeline.id_to_token(id.get<TokenId>());
      spelled.push_back(token ? Json(*token) : Json());
    }
    for (const auto& [id, token] : pipeline.added_tokens()) added[std::to_string(id)] = token.content;
    Json vocabulary = Json::object();
    if (request.value("vocabulary", false)) {
      for (const auto& [token, id] : pipeline.vocabulary(true)) vocabulary[token] = id;
    }
    return {{"ids", ids},
            {"tokens", spelled},
            {"added", added},
            {"vocabulary", vocabulary},
            {"sizes", {pipeline.vocabulary_size(false), pipeline.vocabulary_size(true)}},
            {"special", {pipeline.num_special_tokens_to_add(false), pipeline.num_special_tokens_to_add(true)}}};
  }

  static Json add(Pipeline& pipeline, const Json& request) {
    std::vector<AddedToken> tokens;
    for (const Json& token : request["tokens"]) tokens.push_back(token_of(token));
    const auto count = request["special"] ? pipeline.add_special_tokens(tokens) : pipeline.add_tokens(tokens);
    return count ? Json{{"count", *count}} : error_of(count.error());
  }

  static Json set(Pipeline& pipeline, const Json& request) {
    if (request.contains("encode_special_tokens")) pipeline.set_encode_special_tokens(request["encode_special_tokens"]);
    if (request.contains("normalizer")) {
      auto spec = read_component<NormalizerSpec>(request["normalizer"].get<std::string>());
      if (!spec) return error_of(spec.error());
      pipeline.set_normalizer(std::make_shared<Live<NormalizerSpec>>(std::move(*spec)));
    }
    if (request.contains("truncation")) {
      std::optional<TruncationParams> params;
      const Json& json = request["truncation"];
      if (!json.is_null()) {
        params = TruncationParams{.max_length = json["max_length"],
                                  .stride = json["stride"],
                                  .strategy = static_cast<TruncationParams::Strategy>(json["strategy"].get<int>()),
                                  .direction = json["left"] ? Side::Left : Side::Right};
      }
      if (const auto result = pipeline.set_truncation(params); !result) return error_of(result.error());
    }
    return {{"ok", true}};
  }

  static Json part(const Json& request) {
    const auto spec = read_component<DecoderSpec>(request["json"].get<std::string>());
    if (!spec) return error_of(spec.error());
    const auto stage = compile(*spec);
    if (!stage) return error_of(stage.error());
    Json answers = Json::array();
    for (const Json& tokens : request["tokens"]) {
      const auto pieces = (*stage)->decode_chain(tokens.get<std::vector<std::string>>());
      answers.push_back(pieces ? Json(*pieces) : error_of(pieces.error()));
    }
    const auto written = write_component(*spec);
    return {{"decoded", answers}, {"json", written ? *written : ""}};
  }

  std::map<std::string, Pipeline> pipelines_;
};

}  // namespace

int main() {
  Driver driver;
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json answer = driver.answer(Json::parse(line));
    std::cout << answer.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
  }
  return 0;
}
