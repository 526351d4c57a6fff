// tokenizer.json: what tokenizers 0.x writes (version "1.0") and what 1.0 writes ("2.0").
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/file.h"
#include "text/components/component_json.h"
#include "text/components/models/json_reader.h"
#include "text/components/models/json_writer.h"
#include "text/components/models/model_json.h"
#include "text/compiled/array_file.h"
#include "text/compiled/compiled_tokenizer.h"
#include "text/components/models/token_table.h"
#include "text/files/text_file.h"
#include "text/pipeline/pretty_json.h"
#include "text/pipeline/second_form.h"
#include "text/pipeline/state.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

using Json = ComponentJson;

/// An error of what ends at byte `end`, with the place as the reference tells it.
std::unexpected<Error> at_place(Error error, std::string_view json, size_t end) {
  if (error.message.find(" at line ") == std::string::npos) {
    const std::string_view before = json.substr(0, end);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const size_t line = lines == 0 ? 0 : before.rfind('\n') + 1;
    error.message += fmt::format(" at line {} column {}", lines + 1, end - line);
  }
  error.kind = ErrorKind::InvalidData;
  return std::unexpected(std::move(error));
}

std::unexpected<Error> unknown_variant(const std::string& name, const char* expected) {
  return fail(ErrorKind::InvalidData, "unknown variant `" + name + "`, expected " + expected, name);
}

Result<uint64_t> required_number(const Json& json, const char* name, uint64_t most) {
  HR_TRY(const Json* value, required(json, name));
  if (!value->is_number_unsigned() || value->get<uint64_t>() > most) return invalid_type(*value, most > ~uint32_t{0} ? "usize" : "u32");
  return value->get<uint64_t>();
}

Result<Side> required_side(const Json& json) {
  HR_TRY(const std::string name, required_string(json, "direction"));
  if (name == "Left") return Side::Left;
  if (name == "Right") return Side::Right;
  return unknown_variant(name, "`Left` or `Right`");
}

constexpr uint64_t kMostSize = std::numeric_limits<size_t>::max();
constexpr uint64_t kMostId = std::numeric_limits<uint32_t>::max();

Result<TruncationParams> read_truncation(const Json& json) {
  if (!json.is_object()) return invalid_type(json, "struct TruncationParams");
  TruncationParams params;
  if (json.contains("direction")) {
    HR_TRY(params.direction, required_side(json));
  }
  HR_TRY(params.max_length, required_number(json, "max_length", kMostSize));
  HR_TRY(const std::string strategy, required_string(json, "strategy"));
  using enum TruncationParams::Strategy;
  if (strategy == "LongestFirst") {
    params.strategy = LongestFirst;
  } else if (strategy == "OnlyFirst") {
    params.strategy = OnlyFirst;
  } else if (strategy == "OnlySecond") {
    params.strategy = OnlySecond;
  } else {
    return unknown_variant(strategy, "one of `LongestFirst`, `OnlyFirst`, `OnlySecond`");
  }
  HR_TRY(params.stride, required_number(json, "stride", kMostSize));
  return params;
}

/// "BatchLongest" or {"Fixed": 7}
Result<std::optional<size_t>> read_padding_strategy(const Json& json) {
  constexpr const char* kExpected = "`BatchLongest` or `Fixed`";
  if (json.is_string()) {
    const auto& name = json.get_ref<const std::string&>();
    if (name != "BatchLongest") return unknown_variant(name, kExpected);
    return std::nullopt;
  }
  if (!json.is_object() || json.size() != 1) return invalid_type(json, "string or map");
  if (json.begin().key() != "Fixed") return unknown_variant(json.begin().key(), kExpected);
  HR_TRY(const size_t length, required_number(json, "Fixed", kMostSize));
  return length;
}

Result<PaddingParams> read_padding(const Json& json) {
  if (!json.is_object()) return invalid_type(json, "struct PaddingParams");
  PaddingParams params;
  HR_TRY(const Json* strategy, required(json, "strategy"));
  HR_TRY(params.length, read_padding_strategy(*strategy));
  HR_TRY(params.direction, required_side(json));
  if (const auto multiple = json.find("pad_to_multiple_of"); multiple != json.end() && !multiple->is_null()) {
    HR_TRY(params.pad_to_multiple_of, required_number(json, "pad_to_multiple_of", kMostSize));
  }
  HR_TRY(params.pad_id, required_number(json, "pad_id", kMostId));
  HR_TRY(params.pad_type_id, required_number(json, "pad_type_id", kMostId));
  HR_TRY(params.pad_token, required_string(json, "pad_token"));
  return params;
}

struct AddedTokenAndId {
  AddedToken token;
  TokenId id = 0;
};

/// Reads {"id": …, "content": …, …} where the reader stands.
Result<AddedTokenAndId> read_added_token(JsonReader& reader) {
  AddedTokenAndId read;
  const std::pair<const char*, bool*> flags[] = {{"single_word", &read.token.single_word}, {"lstrip", &read.token.lstrip},
                                                 {"rstrip", &read.token.rstrip},           {"normalized", &read.token.normalized},
                                                 {"special", &read.token.special}};
  bool seen[7] = {};
  const bool parsed = reader.members([&](std::string_view key) {
    for (size_t i = 0; i < std::size(flags); ++i) {
      if (key == flags[i].first) return seen[i] = true, reader.boolean(*flags[i].second);
    }
    if (key == "content") {
      std::string_view content;
      if (!reader.string(content)) return false;
      read.token.content = content;
      return seen[5] = true;
    }
    if (key != "id") return reader.skip();
    JsonNumber number;
    if (!reader.number(number) || number.kind != JsonNumber::Kind::Unsigned || number.natural > kMostId) return false;
    read.id = static_cast<TokenId>(number.natural);
    return seen[6] = true;
  });
  if (!parsed) return std::unexpected(reader.error());
  constexpr const char* kNames[] = {"single_word", "lstrip", "rstrip", "normalized", "special", "content", "id"};
  for (const size_t field : {6, 5, 0, 1, 2, 3, 4}) {
    if (!seen[field]) return fail(ErrorKind::InvalidData, std::string("missing field `") + kNames[field] + "`", kNames[field]);
  }
  return read;
}

/// A tokenizer.json in its parts.
struct TokenizerParts {
  std::string version = "1.0";
  std::optional<TruncationParams> truncation;
  std::optional<PaddingParams> padding;
  std::vector<AddedTokenAndId> added_tokens;
  std::string_view normalizer, pre_tokenizer, post_processor, decoder;  ///< JSON, or empty
  size_t normalizer_end = 0, pre_tokenizer_end = 0, post_processor_end = 0, decoder_end = 0;
  std::optional<ModelSpec> model;
  std::string_view model_json;
  std::vector<JsonPart> spelled;  ///< parts whose bytes outside ASCII are the model's spellings, in order
};

class PartsReader {
 public:
  explicit PartsReader(std::string_view json) : json_(json), reader_(json) {}

  Result<TokenizerParts> read() {
    JsonReader::Kind kind;
    if (!reader_.peek(kind)) return std::unexpected(reader_.error());
    if (kind != JsonReader::Kind::Object) return fail(ErrorKind::InvalidData, "expected struct Tokenizer at line 1 column 1");
    const bool parsed = reader_.members([&](std::string_view key) { return member(std::string(key)); });
    if (!parsed || !reader_.finish()) return std::unexpected(error_ ? *error_ : reader_.error());
    if (!parts_.model) return at_place({ErrorKind::InvalidData, "Model missing."}, json_, reader_.position());
    return std::move(parts_);
  }

 private:
  bool member(const std::string& key) {
    if (key == "model") return model();
    if (key == "added_tokens") return added_tokens();
    std::string_view value;
    if (!raw(value)) return false;
    if (key == "version") return version(value);
    if (key == "truncation") return settings(value, parts_.truncation, read_truncation);
    if (key == "padding") return settings(value, parts_.padding, read_padding);
    if (key == "normalizer") return component(value, parts_.normalizer, parts_.normalizer_end);
    if (key == "pre_tokenizer") return component(value, parts_.pre_tokenizer, parts_.pre_tokenizer_end);
    if (key == "post_processor") return component(value, parts_.post_processor, parts_.post_processor_end);
    if (key == "decoder") return component(value, parts_.decoder, parts_.decoder_end);
    return true;
  }

  /// The text of the next value.
  bool raw(std::string_view& value) {
    JsonReader::Kind kind;
    if (!reader_.peek(kind)) return false;
    const size_t begin = reader_.position();
    if (!reader_.skip()) return false;
    value = json_.substr(begin, reader_.position() - begin);
    return true;
  }

  bool fails(Error error) {
    error_ = at_place(std::move(error), json_, reader_.position()).error();
    return false;
  }

  bool version(std::string_view value) {
    auto text = parse_component(value);
    if (!text || !text->is_string()) return fails({ErrorKind::InvalidData, "invalid type: the version, expected a string"});
    parts_.version = text->get<std::string>();
    if (parts_.version == "1.0" || parts_.version == "2.0") return true;
    return fails({ErrorKind::InvalidData, "Unknown tokenizer version '" + parts_.version + "'", parts_.version});
  }

  template <class Params>
  bool settings(std::string_view value, std::optional<Params>& into, Result<Params> (*read)(const Json&)) {
    if (value == "null") return into.reset(), true;
    auto json = parse_component(value);
    if (!json) return fails(json.error());
    auto params = read(*json);
    if (!params) return fails(params.error());
    into = std::move(*params);
    return true;
  }

  bool component(std::string_view value, std::string_view& into, size_t& end) {
    into = value == "null" ? std::string_view() : value;
    end = reader_.position();
    return true;
  }

  bool added_tokens() {
    parts_.added_tokens.clear();
    return reader_.elements([&] {
      auto token = read_added_token(reader_);
      if (!token) return fails(token.error());
      parts_.added_tokens.push_back(std::move(*token));
      return true;
    });
  }

  bool model() {
    size_t position = reader_.position();
    const size_t begin = position;
    parts_.spelled.clear();
    auto spec = read_model_json(json_, position, 1, &parts_.spelled);
    reader_.go_to(position);
    if (!spec) return fails(spec.error());
    parts_.model = std::move(*spec);
    parts_.model_json = json_.substr(begin, position - begin);
    return true;
  }

  std::string_view json_;
  JsonReader reader_;
  TokenizerParts parts_;
  std::optional<Error> error_;
};

bool is_valid_utf8(std::string_view text) { return utf8::valid_prefix(text) == text.size(); }

const TokenTable* vocabulary_of(const ModelSpec& model) {
  return std::visit(
      []<class Model>(const Model& m) -> const TokenTable* {
        if constexpr (requires { m.vocabulary; }) return m.vocabulary.get();
        return nullptr;
      },
      model.value);
}

/// Whether all of a text that was read as `parts` is valid UTF-8.
/// PERF: most of a file is spellings, most of them several times: each is looked at once, where the vocabulary has it.
bool is_valid_utf8(std::string_view json, const TokenizerParts& parts) {
  size_t at = 0;
  for (const JsonPart& part : parts.spelled) {
    if (!is_valid_utf8(json.substr(at, part.begin - at))) return false;
    at = part.end;
  }
  if (!is_valid_utf8(json.substr(at))) return false;
  const TokenTable* vocabulary = parts.spelled.empty() ? nullptr : vocabulary_of(*parts.model);
  if (!vocabulary) return true;
  const StringArena& spellings = vocabulary->spellings();
  for (uint32_t n = 0; n < spellings.size(); ++n) {
    if (!spellings[n].empty() && utf8::is_continuation(spellings[n][0])) return false;
  }
  return is_valid_utf8(spellings.bytes());
}

/// Where the reference has read to when it refuses a part: past the white space after it, and past the
/// brace if that was the last part.
size_t read_to(std::string_view json, size_t end) {
  const size_t next = json.find_first_not_of(" \t\r\n", end);
  if (next == std::string_view::npos) return end;
  return json[next] == '}' ? next + 1 : next;
}

template <class Spec>
Result<LivePart<Spec>> live(std::string_view part, std::string_view json, size_t end) {
  if (part.empty()) return nullptr;
  auto spec = read_component<Spec>(part);
  if (!spec) return at_place(std::move(spec).error(), json, read_to(json, end));
  return std::make_shared<Live<Spec>>(std::move(*spec));
}

const char* name(Side side) { return side == Side::Left ? "Left" : "Right"; }

std::string json_of(const TruncationParams& params) {
  static constexpr const char* kStrategies[] = {"LongestFirst", "OnlyFirst", "OnlySecond"};
  return fmt::format(R"({{"direction":"{}","max_length":{},"strategy":"{}","stride":{}}})", name(params.direction), params.max_length,
                     kStrategies[static_cast<size_t>(params.strategy)], params.stride);
}

std::string json_of(const PaddingParams& params) {
  const std::string strategy = params.length ? fmt::format(R"({{"Fixed":{}}})", *params.length) : R"("BatchLongest")";
  const std::string multiple = params.pad_to_multiple_of ? std::to_string(*params.pad_to_multiple_of) : "null";
  std::string json = fmt::format(R"({{"strategy":{},"direction":"{}","pad_to_multiple_of":{},"pad_id":{},"pad_type_id":{},"pad_token":)",
                                 strategy, name(params.direction), multiple, params.pad_id, params.pad_type_id);
  append_json_string(json, params.pad_token);
  return json + "}";
}

void append_added_token(std::string& json, TokenId id, const AddedToken& token) {
  json += fmt::format(R"({{"id":{},"content":)", id);
  append_json_string(json, token.content);
  json += fmt::format(R"(,"single_word":{},"lstrip":{},"rstrip":{},"normalized":{},"special":{}}})", token.single_word, token.lstrip,
                      token.rstrip, token.normalized, token.special);
}

std::string json_of(const std::map<TokenId, AddedToken>& tokens) {
  std::string json = "[";
  for (const auto& [id, token] : tokens) {
    if (json.size() > 1) json += ',';
    append_added_token(json, id, token);
  }
  return json + "]";
}

template <class Spec>
Result<std::string> json_of(const LivePart<Spec>& part) {
  if (!part) return "null";
  return write_component<Spec>(part->get());
}

/// Members of the outermost object, one after the other.
class Writer {
 public:
  explicit Writer(bool pretty) : pretty_(pretty) {}
  void key(const char* name) {
    out_ += out_.empty() ? "{" : ",";
    if (pretty_) out_ += "\n  ";
    out_ += fmt::format("\"{}\":", name);
    if (pretty_) out_ += ' ';
  }
  void member(const char* name, std::string_view compact) {
    key(name);
    if (pretty_) {
      append_pretty_json(out_, compact, 1);
    } else {
      out_ += compact;
    }
  }
  std::string& out() { return out_; }
  std::string finish() && { return std::move(out_) + (pretty_ ? "\n}" : "}"); }

 private:
  bool pretty_;
  std::string out_;
};

}  // namespace

Result<Pipeline> Pipeline::from_json(std::string_view json) {
  auto read = PartsReader(json).read();
  if (!read || !is_valid_utf8(json, *read)) {
    if (const size_t valid = utf8::valid_prefix(json); valid != json.size()) {
      return fail(ErrorKind::InvalidData, "the tokenizer's JSON is not valid UTF-8 at byte " + std::to_string(valid));
    }
  }
  HR_TRY(auto parts, std::move(read));
  std::string pre_tokenizer, decoder;
  const bool second_form = parts.version == "2.0";
  if (second_form) {
    HR_TRY(pre_tokenizer, first_form_pre_tokenizer(parts.pre_tokenizer, parts.model_json));
    HR_TRY(decoder, first_form_decoder(parts.decoder));
    parts.pre_tokenizer = pre_tokenizer;
    parts.decoder = decoder;
  }
  Pipeline pipeline(std::make_shared<Live<ModelSpec>>(std::move(*parts.model)));
  State& state = *pipeline.state_;
  HR_TRY(state.normalizer, live<NormalizerSpec>(parts.normalizer, json, parts.normalizer_end));
  HR_TRY(state.pre_tokenizer, live<PreTokenizerSpec>(parts.pre_tokenizer, json, parts.pre_tokenizer_end));
  HR_TRY(state.decoder, live<DecoderSpec>(parts.decoder, json, parts.decoder_end));
  state.truncation = parts.truncation;
  state.padding = parts.padding;
  if (second_form) {
    for (const AddedTokenAndId& added : parts.added_tokens) state.added.add_with_id(added.token, added.id);
  } else {
    // At once, and whatever ids the file gives: the ids of new tokens depend on both.
    std::vector<AddedToken> tokens;
    for (AddedTokenAndId& added : parts.added_tokens) tokens.push_back(std::move(added.token));
    HR_CHECK(pipeline.add_tokens(tokens));
  }
  std::string post_processor;
  if (second_form) {
    HR_TRY(post_processor, first_form_post_processor(parts.post_processor, pipeline));
    parts.post_processor = post_processor;
  }
  HR_TRY(state.post_processor, live<PostProcessorSpec>(parts.post_processor, json, parts.post_processor_end));
  state.latest.reset();
  return pipeline;
}

Result<Pipeline> Pipeline::from_file(const std::filesystem::path& path) {
  if (is_compiled_tokenizer(path)) return open_compiled(path);
  HR_TRY(const TextFile file, TextFile::read(path));
  return from_json(file.text());
}

Result<Pipeline> Pipeline::from_memory(std::string_view bytes) {
  return compiled::looks_compiled(bytes) ? from_compiled(bytes, "memory") : from_json(bytes);
}

Result<std::string> Pipeline::to_json(bool pretty) const {
  const Pipeline self(*this);  // one moment's parts
  const State& state = *self.state_;
  Writer writer(pretty);
  writer.member("version", "\"1.0\"");
  writer.member("truncation", state.truncation ? json_of(*state.truncation) : "null");
  writer.member("padding", state.padding ? json_of(*state.padding) : "null");
  writer.member("added_tokens", json_of(state.added.tokens()));
  HR_TRY(const std::string normalizer, json_of(state.normalizer));
  writer.member("normalizer", normalizer);
  HR_TRY(const std::string pre_tokenizer, json_of(state.pre_tokenizer));
  writer.member("pre_tokenizer", pre_tokenizer);
  HR_TRY(const std::string post_processor, json_of(state.post_processor));
  writer.member("post_processor", post_processor);
  HR_TRY(const std::string decoder, json_of(state.decoder));
  writer.member("decoder", decoder);
  writer.key("model");
  HR_CHECK(append_model_json(writer.out(), state.model->get(), pretty, 1));
  return std::move(writer).finish();
}

Result<void> Pipeline::save(const std::filesystem::path& path, bool pretty) const {
  HR_TRY(const std::string json, to_json(pretty));
  return write_file_atomically(path, json);
}

}  // namespace headrace::text
