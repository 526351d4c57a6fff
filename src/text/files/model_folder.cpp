#include "text/files/model_folder.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/file.h"
#include "text/components/component_json.h"
#include "text/files/parts.h"

namespace headrace::text {
namespace {

using Json = ComponentJson;

constexpr uint64_t kMostBytes = uint64_t{256} << 20;

std::unexpected<Error> bad_file(const std::filesystem::path& path, std::string_view what) {
  return fail(ErrorKind::InvalidData, fmt::format("{}: {}", path.string(), what), path.string());
}

/// The object in a file of the folder; an empty one if there is no such file.
Result<Json> read_object(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Json::object();
  HR_TRY(const std::string text, read_file(path, kMostBytes));
  auto json = parse_component(text);
  if (!json) return bad_file(path, json.error().message);
  if (!json->is_object()) return bad_file(path, "a JSON object was expected.");
  return *std::move(json);
}

bool flag(const Json& object, const char* name, bool otherwise) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

/// "content" or {"content": …, "lstrip": …}; none for anything else.
std::optional<AddedToken> token_of(const Json& json, bool special) {
  AddedToken token;
  token.special = special;
  token.normalized = !special;
  if (json.is_string()) {
    token.content = json.get<std::string>();
  } else if (json.is_object() && json.contains("content") && json["content"].is_string()) {
    token.content = json["content"].get<std::string>();
    token.single_word = flag(json, "single_word", false);
    token.lstrip = flag(json, "lstrip", false);
    token.rstrip = flag(json, "rstrip", false);
    token.special = flag(json, "special", special);
    token.normalized = flag(json, "normalized", !token.special);
  }
  if (token.content.empty()) return std::nullopt;
  return token;
}

/// Tokens in order of the ids that the files give them, then those without.
struct Additions {
  std::map<TokenId, AddedToken> by_id;
  std::vector<AddedToken> others;
};

Result<void> collect_added_tokens(const std::filesystem::path& path, const Json& json, Additions& additions) {
  for (const auto& [content, id] : json.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > ~TokenId{0}) return bad_file(path, fmt::format("the id of \"{}\" is no token id.", content));
    if (!content.empty()) additions.by_id[id.get<TokenId>()] = {.content = content, .normalized = false};
  }
  return {};
}

Result<void> collect_decoder(const std::filesystem::path& path, const Json& config, Additions& additions) {
  const auto decoder = config.find("added_tokens_decoder");
  if (decoder == config.end() || !decoder->is_object()) return {};
  for (const auto& [key, value] : decoder->items()) {
    TokenId id = 0;
    for (const char c : key) {
      if (c < '0' || c > '9' || id > 200'000'000) return bad_file(path, fmt::format("added_tokens_decoder: \"{}\" is no token id.", key));
      id = id * 10 + static_cast<TokenId>(c - '0');
    }
    const auto token = token_of(value, false);
    if (!token || key.empty()) return bad_file(path, fmt::format("added_tokens_decoder: the token of id \"{}\" has no content.", key));
    additions.by_id[id] = *token;
  }
  return {};
}

void collect_special(const Json& json, Additions& additions) {
  for (const char* name : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}) {
    if (const auto found = json.find(name); found != json.end()) {
      if (auto token = token_of(*found, true)) {
        token->special = true;
        additions.others.push_back(*token);
      }
    }
  }
  for (const char* name : {"additional_special_tokens", "extra_special_tokens"}) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_array()) continue;
    for (const Json& one : *found) {
      if (auto token = token_of(one, true)) {
        token->special = true;
        additions.others.push_back(*token);
      }
    }
  }
}

/// What the tokenizer does not know yet, or knows with other settings.
Result<void> add(const std::filesystem::path& folder, const Additions& additions, Pipeline& pipeline) {
  std::set<std::string> known;
  for (const auto& [id, token] : pipeline.added_tokens()) known.insert(token.content);
  std::vector<AddedToken> tokens;
  for (const auto& [id, token] : additions.by_id) {
    if (known.insert(token.content).second || pipeline.added_tokens().contains(id)) tokens.push_back(token);
  }
  for (const AddedToken& token : additions.others) {
    if (known.insert(token.content).second) tokens.push_back(token);
  }
  HR_CHECK(pipeline.add_tokens(tokens));
  for (const auto& [id, token] : additions.by_id) {
    const auto given = pipeline.token_to_id(token.content);
    if (given != id) {
      return bad_file(folder, fmt::format("the added token \"{}\" has id {} there and would get {}: its vocabulary is not the one that these "
                                          "settings belong to. Take all files from one model.",
                                          token.content, id, given ? fmt::to_string(*given) : "none"));
    }
  }
  return {};
}

std::string special_token(const char* name, const Json& config, const Json& map) {
  for (const Json* json : {&config, &map}) {
    const auto found = json->find(name);
    if (found == json->end()) continue;
    if (const auto token = token_of(*found, true)) return token->content;
  }
  return "";
}

Result<void> set_template(const std::filesystem::path& folder, const Json& config, const Json& map, Pipeline& pipeline) {
  TemplateProcessing processing;
  const auto piece = [&](const char* name) -> Result<std::optional<TemplatePiece>> {
    const std::string content = special_token(name, config, map);
    const auto id = pipeline.token_to_id(content);
    if (content.empty() || !id) return bad_file(folder, fmt::format("tokenizer_config.json asks for the {} around a text, but names none that the vocabulary has.", name));
    processing.special_tokens[content] = {content, {*id}, {content}};
    return TemplatePiece{content, false, 0};
  };
  std::optional<TemplatePiece> bos, eos;
  if (flag(config, "add_bos_token", false)) {
    HR_TRY(bos, piece("bos_token"));
  }
  if (flag(config, "add_eos_token", false)) {
    HR_TRY(eos, piece("eos_token"));
  }
  if (!bos && !eos) return {};
  const auto sequence = [&](std::vector<TemplatePiece>& list, const char* id, uint32_t type_id) {
    if (bos) list.push_back({bos->id, false, type_id});
    list.push_back({id, true, type_id});
    if (eos) list.push_back({eos->id, false, type_id});
  };
  sequence(processing.single, "A", 0);
  sequence(processing.pair, "A", 0);
  sequence(processing.pair, "B", 1);
  pipeline.set_post_processor(live(PostProcessorSpec{std::move(processing)}));
  return {};
}

}  // namespace

Result<void> add_folder_settings(const std::filesystem::path& folder, bool has_own_template, Pipeline& pipeline) {
  HR_TRY(const Json config, read_object(folder / "tokenizer_config.json"));
  HR_TRY(const Json map, read_object(folder / "special_tokens_map.json"));
  HR_TRY(const Json added, read_object(folder / "added_tokens.json"));
  Additions additions;
  HR_CHECK(collect_added_tokens(folder / "added_tokens.json", added, additions));
  HR_CHECK(collect_decoder(folder / "tokenizer_config.json", config, additions));
  collect_special(map, additions);
  collect_special(config, additions);
  HR_CHECK(add(folder, additions, pipeline));
  if (!has_own_template) HR_CHECK(set_template(folder, config, map, pipeline));
  return {};
}

Result<std::optional<bool>> folder_lower_case(const std::filesystem::path& folder) {
  HR_TRY(const Json config, read_object(folder / "tokenizer_config.json"));
  const auto found = config.find("do_lower_case");
  if (found == config.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

Result<std::string> folder_tokenizer_class(const std::filesystem::path& folder) {
  HR_TRY(const Json config, read_object(folder / "tokenizer_config.json"));
  const auto found = config.find("tokenizer_class");
  return found != config.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace headrace::text
