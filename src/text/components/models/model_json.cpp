#include "text/components/models/model_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <vector>

#include "text/components/models/json_reader.h"
#include "text/components/models/json_writer.h"
#include "text/components/models/merge_table.h"
#include "text/components/models/model_checks.h"
#include "text/components/models/token_table.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/scratch_list.h"

namespace headrace::text {
namespace {

using Kind = JsonReader::Kind;
using Pieces = std::vector<std::pair<std::string, double>>;

constexpr const char* kNoVariant = "data did not match any variant of untagged enum ModelUntagged";

std::unexpected<Error> invalid(std::string message) { return fail(ErrorKind::InvalidData, std::move(message)); }

/// The "vocab" of a model: a map of ids, or Unigram's list of scored pieces.
struct VocabField {
  bool present = false;
  Kind kind = Kind::Null;
  std::string description;  // of a value of another kind
  std::string problem;      // what makes no sense in it
  ScratchList<TokenEntry> entries;
  JsonPart part;
  Pieces pieces;
};

struct MergesField {
  bool present = false;
  std::string problem;
  ScratchList<MergeTable::Spellings> merges;
  JsonPart part;
  bool all_spelled = true;  // nothing that is no part of a merge was passed over
};

/// Any other field: where its value begins.
struct ScalarField {
  bool present = false;
  size_t position = 0;
};

/// A model's fields before anybody knows which kind of model it is ("type" may come last,
/// or be absent). The large ones are read on the way, the small ones are read again later.
struct Fields {
  std::vector<ScalarField> types;
  VocabField vocab;
  MergesField merges;
  ScalarField dropout, unk_token, continuing_subword_prefix, end_of_word_suffix, fuse_unk, byte_fallback, ignore_merges;
  ScalarField max_input_chars_per_word, unk_id, unmatched_ids;

  ScalarField* scalar(std::string_view key) {
    if (key == "dropout") return &dropout;
    if (key == "unk_token") return &unk_token;
    if (key == "continuing_subword_prefix") return &continuing_subword_prefix;
    if (key == "end_of_word_suffix") return &end_of_word_suffix;
    if (key == "fuse_unk") return &fuse_unk;
    if (key == "byte_fallback") return &byte_fallback;
    if (key == "ignore_merges") return &ignore_merges;
    if (key == "max_input_chars_per_word") return &max_input_chars_per_word;
    if (key == "unk_id") return &unk_id;
    if (key == "unmatched_ids") return &unmatched_ids;
    return nullptr;
  }
};

/// Reads a value that should be a number of type T; says in `problem` why it is none.
template <class T>
bool read_natural(JsonReader& reader, const char* expected, T& value, std::string& problem) {
  Kind kind;
  if (!reader.peek(kind)) return false;
  std::string description;
  if (kind != Kind::Number) {
    if (!reader.describe(description)) return false;
    problem = fmt::format("invalid type: {}, expected {}", description, expected);
    return true;
  }
  JsonNumber number;
  if (!reader.number(number)) return false;
  if (number.kind == JsonNumber::Kind::Unsigned && number.natural <= std::numeric_limits<T>::max()) {
    value = static_cast<T>(number.natural);
    return true;
  }
  if (number.kind == JsonNumber::Kind::Floating) {
    append_json_number(description, number.value);
    problem = fmt::format("invalid type: floating point `{}`, expected {}", description, expected);
  } else {
    description = number.kind == JsonNumber::Kind::Unsigned ? fmt::to_string(number.natural) : fmt::to_string(number.negative);
    problem = fmt::format("invalid value: integer `{}`, expected {}", description, expected);
  }
  return true;
}

bool read_number(JsonReader& reader, const char* expected, double& value, std::string& problem) {
  Kind kind;
  if (!reader.peek(kind)) return false;
  if (kind != Kind::Number) {
    std::string description;
    if (!reader.describe(description)) return false;
    problem = fmt::format("invalid type: {}, expected {}", description, expected);
    return true;
  }
  JsonNumber number;
  if (!reader.number(number)) return false;
  value = number.value;
  return true;
}

/// PERF: room for more than there can be, at twenty bytes each, of which only what is used is touched.
template <class T>
void reserve(ScratchList<T>& list, const JsonReader& reader) {
  constexpr size_t kMost = size_t{1} << 20;
  list.reserve(std::min(reader.bytes_left() / 20, kMost));
}

bool read_entries(JsonReader& reader, VocabField& field) {
  reserve(field.entries, reader);
  return reader.members([&](std::string_view key) {
    if (!field.problem.empty()) return reader.skip();
    TokenId id = 0;
    if (!reader.short_natural(id) && !read_natural(reader, "u32", id, field.problem)) return false;
    field.entries.push_back({key, id});
    return true;
  });
}

bool read_piece(JsonReader& reader, VocabField& field) {
  Kind kind;
  if (!reader.peek(kind)) return false;
  if (kind != Kind::Array) {
    std::string description;
    if (!reader.describe(description)) return false;
    field.problem = fmt::format("invalid type: {}, expected a tuple of size 2", description);
    return true;
  }
  std::pair<std::string, double> piece;
  size_t count = 0;
  const bool read = reader.elements([&] {
    ++count;
    if (count > 2 || !field.problem.empty()) return reader.skip();
    if (count == 2) return read_number(reader, "f64", piece.second, field.problem);
    if (!reader.peek(kind)) return false;
    std::string_view spelling;
    if (kind == Kind::String) {
      if (!reader.string(spelling)) return false;
      piece.first = spelling;
      return true;
    }
    std::string description;
    if (!reader.describe(description)) return false;
    field.problem = fmt::format("invalid type: {}, expected a string", description);
    return true;
  });
  if (!read) return false;
  if (field.problem.empty() && count < 2) field.problem = fmt::format("invalid length {}, expected a tuple of size 2", count);
  if (field.problem.empty() && count > 2) field.problem = fmt::format("invalid length {}, expected fewer elements in array", count);
  field.pieces.push_back(std::move(piece));
  return true;
}

bool read_vocab(JsonReader& reader, VocabField& field) {
  field = {};
  field.present = true;
  if (!reader.peek(field.kind)) return false;
  if (field.kind == Kind::Object) return read_entries(reader, field);
  if (field.kind != Kind::Array) return reader.describe(field.description);
  return reader.elements([&] { return field.problem.empty() ? read_piece(reader, field) : reader.skip(); });
}

/// "a b": the spelling that files had before 0.20.
void add_spelled_merge(std::string_view line, MergesField& field) {
  if (line.starts_with("#version")) {
    field.all_spelled = false;
    return;
  }
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
    field.problem = fmt::format("Merges text file invalid at line {}", field.merges.size() + 1);
    return;
  }
  field.merges.push_back({line.substr(0, space), line.substr(space + 1)});
}

constexpr const char* kNoMerges = "data did not match any variant of untagged enum MergeType";

bool read_merge_pair(JsonReader& reader, MergesField& field) {
  std::array<std::string_view, 2> parts;
  size_t count = 0;
  const bool read = reader.elements([&] {
    Kind kind;
    if (!reader.peek(kind)) return false;
    if (count++ < 2 && kind == Kind::String) return reader.string(parts[count - 1]);
    field.problem = kNoMerges;
    return reader.skip();
  });
  if (count != 2) field.problem = kNoMerges;
  field.merges.push_back({parts[0], parts[1]});
  return read;
}

bool read_merges(JsonReader& reader, MergesField& field) {
  field = {};
  field.present = true;
  Kind kind;
  if (!reader.peek(kind)) return false;
  if (kind != Kind::Array) {
    field.problem = kNoMerges;
    return reader.skip();
  }
  reserve(field.merges, reader);
  Kind first = Kind::Null;
  return reader.elements([&] {
    if (!reader.peek(kind)) return false;
    if (first == Kind::Null) first = kind;
    // A list of another kind of merges outweighs a line that is spelled wrongly.
    const bool mixed = kind != first || (kind != Kind::String && kind != Kind::Array);
    if (mixed) field.problem = kNoMerges;
    if (!field.problem.empty()) return reader.skip();
    if (kind == Kind::Array) return read_merge_pair(reader, field);
    std::string_view line;
    if (!reader.string(line)) return false;
    add_spelled_merge(line, field);
    return true;
  });
}

bool read_fields(JsonReader& reader, Fields& fields) {
  return reader.members([&](std::string_view key) {
    const size_t begin = reader.position();
    if (key == "vocab") {
      const bool read = read_vocab(reader, fields.vocab);
      fields.vocab.part = {begin, reader.position()};
      return read;
    }
    if (key == "merges") {
      const bool read = read_merges(reader, fields.merges);
      fields.merges.part = {begin, reader.position()};
      return read;
    }
    ScalarField* field = key == "type" ? &fields.types.emplace_back() : fields.scalar(key);
    if (field) *field = {true, reader.position()};
    return reader.skip();
  });
}

/// Turns fields into a model of a kind; fails in the reference's words.
class ModelMaker {
 public:
  ModelMaker(std::string_view json, Fields& fields) : json_(json), fields_(fields) {}

  /// Once: a Unigram model takes its pieces away.
  Result<ModelSpec> make() {
    if (fields_.types.size() == 1) {
      const auto type = type_of(fields_.types[0]);
      if (type == "BPE") return bpe();
      if (type == "WordPiece") return word_piece();
      if (type == "WordLevel") return word_level();
      if (type == "Unigram") return unigram();
    }
    return untyped();
  }

 private:
  std::optional<std::string> type_of(const ScalarField& field) const {
    JsonReader reader(json_, field.position);
    std::string_view type;
    Kind kind;
    if (!reader.peek(kind) || kind != Kind::String || !reader.string(type)) return std::nullopt;
    return std::string(type);
  }

  /// Files of old versions name no type: the first kind that the fields fit.
  Result<ModelSpec> untyped() {
    if (!fields_.types.empty()) return invalid(kNoVariant);
    if (auto spec = bpe()) return spec;
    if (auto spec = word_piece()) return spec;
    if (auto spec = word_level()) return spec;
    if (auto spec = unigram()) return spec;
    return invalid(kNoVariant);
  }

  bool is_null(const ScalarField& field) const {
    if (!field.present) return true;
    JsonReader reader(json_, field.position);
    Kind kind;
    return reader.peek(kind) && kind == Kind::Null;
  }

  Result<std::string> string(const ScalarField& field) const {
    JsonReader reader(json_, field.position);
    std::string_view text;
    Kind kind;
    if (reader.peek(kind) && kind == Kind::String && reader.string(text)) return std::string(text);
    return unexpected(field, "a string");
  }

  Result<std::optional<std::string>> optional_string(const ScalarField& field) const {
    if (is_null(field)) return std::nullopt;
    return string(field);
  }

  Result<bool> boolean(const ScalarField& field) const {
    JsonReader reader(json_, field.position);
    bool value = false;
    Kind kind;
    if (reader.peek(kind) && (kind == Kind::True || kind == Kind::False) && reader.boolean(value)) return value;
    return unexpected(field, "a boolean");
  }

  Result<bool> boolean_or_null(const ScalarField& field) const {
    if (is_null(field)) return false;
    return boolean(field);
  }

  Result<size_t> natural(const ScalarField& field) const {
    JsonReader reader(json_, field.position);
    size_t value = 0;
    std::string problem;
    if (!read_natural(reader, "usize", value, problem)) return std::unexpected(reader.error());
    if (!problem.empty()) return invalid(std::move(problem));
    return value;
  }

  std::unexpected<Error> unexpected(const ScalarField& field, const char* expected) const {
    JsonReader reader(json_, field.position);
    std::string description;
    reader.describe(description);
    return invalid(fmt::format("invalid type: {}, expected {}", description, expected));
  }

  Result<std::shared_ptr<const TokenTable>> vocabulary() const {
    const VocabField& vocab = fields_.vocab;
    if (vocab.kind != Kind::Object) {
      return invalid(fmt::format("invalid type: {}, expected a map", vocab.kind == Kind::Array ? "sequence" : vocab.description));
    }
    if (!vocab.problem.empty()) return invalid(vocab.problem);
    return TokenTable::build(vocab.entries.span());
  }

  Result<ModelSpec> bpe() const {
    BpeModel model;
    if (!fields_.vocab.present || !fields_.merges.present) return invalid("Missing vocab/merges");
    if (!is_null(fields_.dropout)) {
      JsonReader reader(json_, fields_.dropout.position);
      double dropout = 0;
      std::string problem;
      if (!read_number(reader, "f32", dropout, problem)) return std::unexpected(reader.error());
      if (!problem.empty()) return invalid(std::move(problem));
      model.dropout = static_cast<float>(dropout);
    }
    HR_TRY(model.unk_token, optional_string(fields_.unk_token));
    HR_TRY(model.continuing_subword_prefix, optional_string(fields_.continuing_subword_prefix));
    HR_TRY(model.end_of_word_suffix, optional_string(fields_.end_of_word_suffix));
    HR_TRY(model.fuse_unk, boolean_or_null(fields_.fuse_unk));
    HR_TRY(model.byte_fallback, boolean_or_null(fields_.byte_fallback));
    HR_TRY(model.ignore_merges, boolean_or_null(fields_.ignore_merges));
    if (!fields_.merges.problem.empty()) return invalid(fields_.merges.problem);
    HR_CHECK(check_model(model));
    HR_TRY(model.vocabulary, vocabulary());
    HR_TRY(model.merges, MergeTable::build(*model.vocabulary, fields_.merges.merges.span(), model.continuing_subword_prefix.value_or("")));
    return ModelSpec{std::move(model)};
  }

  std::unexpected<Error> missing(const char* field) const { return invalid(fmt::format("missing field `{}`", field)); }

  Result<ModelSpec> word_piece() const {
    WordPieceModel model;
    if (!fields_.unk_token.present) return missing("unk_token");
    if (!fields_.continuing_subword_prefix.present) return missing("continuing_subword_prefix");
    if (!fields_.max_input_chars_per_word.present) return missing("max_input_chars_per_word");
    if (!fields_.vocab.present) return missing("vocab");
    HR_TRY(model.unk_token, string(fields_.unk_token));
    HR_TRY(model.continuing_subword_prefix, string(fields_.continuing_subword_prefix));
    HR_TRY(model.max_input_chars_per_word, natural(fields_.max_input_chars_per_word));
    HR_TRY(model.vocabulary, vocabulary());
    return ModelSpec{std::move(model)};
  }

  Result<ModelSpec> word_level() const {
    WordLevelModel model;
    if (!fields_.unk_token.present) return missing("unk_token");
    if (!fields_.vocab.present) return missing("vocab");
    HR_TRY(model.unk_token, string(fields_.unk_token));
    HR_TRY(model.vocabulary, vocabulary());
    return ModelSpec{std::move(model)};
  }

  /// Ours alone: a list of ids, each greater than the one before.
  Result<std::shared_ptr<const std::vector<TokenId>>> unmatched_ids(size_t size) const {
    auto ids = std::make_shared<std::vector<TokenId>>();
    JsonReader reader(json_, fields_.unmatched_ids.position);
    const bool read = reader.elements([&] {
      JsonNumber number;
      if (!reader.number(number) || number.kind != JsonNumber::Kind::Unsigned || number.natural >= size) return false;
      if (!ids->empty() && ids->back() >= number.natural) return false;
      ids->push_back(static_cast<TokenId>(number.natural));
      return true;
    });
    if (!read) return invalid("unmatched_ids must be a list of ids of pieces, in ascending order");
    return ids;
  }

  Result<ModelSpec> unigram() {
    UnigramModel model;
    VocabField& vocab = fields_.vocab;
    if (!vocab.present) return invalid("Missing vocab");
    if (vocab.kind != Kind::Array) {
      return invalid(fmt::format("invalid type: {}, expected a sequence", vocab.kind == Kind::Object ? "map" : vocab.description));
    }
    if (!vocab.problem.empty()) return invalid(vocab.problem);
    if (!is_null(fields_.unk_id)) {
      HR_TRY(model.unk_id, natural(fields_.unk_id));
    }
    if (fields_.byte_fallback.present) {
      HR_TRY(model.byte_fallback, boolean(fields_.byte_fallback));
    }
    if (model.unk_id && vocab.pieces.empty()) return invalid("Unable to load vocab EmptyVocabulary");
    if (model.unk_id && *model.unk_id >= vocab.pieces.size()) return invalid("Unable to load vocab UnkIdNotInVocabulary");
    model.pieces = std::make_shared<const Pieces>(std::move(vocab.pieces));
    if (fields_.unmatched_ids.present) {
      HR_TRY(model.unmatched, unmatched_ids(model.pieces->size()));
    }
    return ModelSpec{std::move(model)};
  }

  std::string_view json_;
  Fields& fields_;
};

/// Writes JSON compactly, or with two spaces a level.
class Writer {
 public:
  Writer(std::string& out, bool pretty, int level) : out_(out), pretty_(pretty), level_(level) {}

  void open(char bracket) {
    out_ += bracket;
    ++level_;
    first_ = true;
  }
  void close(char bracket) {
    --level_;
    if (!first_) line();
    out_ += bracket;
    first_ = false;
  }
  void element() {
    if (!first_) out_ += ',';
    first_ = false;
    line();
  }
  void key(std::string_view key) {
    element();
    append_json_string(out_, key);
    out_ += pretty_ ? ": " : ":";
  }
  void text(std::string_view text) { append_json_string(out_, text); }
  void raw(std::string_view text) { out_ += text; }
  template <class Number>
  void number(Number value) {
    append_json_number(out_, value);
  }
  void natural(uint64_t value) { fmt::format_to(std::back_inserter(out_), "{}", value); }
  void boolean(bool value) { out_ += value ? "true" : "false"; }
  void optional_text(const std::optional<std::string>& value) { value ? text(*value) : raw("null"); }

 private:
  void line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(static_cast<size_t>(level_) * 2, ' ');
  }

  std::string& out_;
  bool pretty_;
  int level_;
  bool first_ = true;
};

void write_vocabulary(Writer& writer, const TokenTable* vocabulary) {
  writer.open('{');
  for (size_t n = 0; vocabulary && n < vocabulary->size(); ++n) {
    if (!vocabulary->names_its_id(n)) continue;
    writer.key(vocabulary->spelling_at(n));
    writer.natural(vocabulary->id_at(n));
  }
  writer.close('}');
}

void write_merges(Writer& writer, const BpeModel& model) {
  writer.open('[');
  const auto merges = model.merges ? model.merges->by_rank() : std::span<const MergeTable::Entry>{};
  for (uint32_t rank = 0; rank < merges.size(); ++rank) {
    if (!model.merges->counts(rank)) continue;
    writer.element();
    writer.open('[');
    for (const TokenId part : {merges[rank].left, merges[rank].right}) {
      writer.element();
      writer.text(model.vocabulary->spelling(part).value_or(""));
    }
    writer.close(']');
  }
  writer.close(']');
}

struct ModelWriter {
  Writer& writer;

  Result<void> operator()(const BpeModel& model) const {
    start("BPE");
    writer.key("dropout");
    model.dropout ? writer.number(*model.dropout) : writer.raw("null");
    writer.key("unk_token"), writer.optional_text(model.unk_token);
    writer.key("continuing_subword_prefix"), writer.optional_text(model.continuing_subword_prefix);
    writer.key("end_of_word_suffix"), writer.optional_text(model.end_of_word_suffix);
    writer.key("fuse_unk"), writer.boolean(model.fuse_unk);
    writer.key("byte_fallback"), writer.boolean(model.byte_fallback);
    writer.key("ignore_merges"), writer.boolean(model.ignore_merges);
    writer.key("vocab"), write_vocabulary(writer, model.vocabulary.get());
    writer.key("merges"), write_merges(writer, model);
    return finish();
  }
  Result<void> operator()(const WordPieceModel& model) const {
    start("WordPiece");
    writer.key("unk_token"), writer.text(model.unk_token);
    writer.key("continuing_subword_prefix"), writer.text(model.continuing_subword_prefix);
    writer.key("max_input_chars_per_word"), writer.natural(model.max_input_chars_per_word);
    writer.key("vocab"), write_vocabulary(writer, model.vocabulary.get());
    return finish();
  }
  Result<void> operator()(const WordLevelModel& model) const {
    start("WordLevel");
    writer.key("vocab"), write_vocabulary(writer, model.vocabulary.get());
    writer.key("unk_token"), writer.text(model.unk_token);
    return finish();
  }
  Result<void> operator()(const UnigramModel& model) const {
    start("Unigram");
    writer.key("unk_id");
    model.unk_id ? writer.natural(*model.unk_id) : writer.raw("null");
    writer.key("vocab");
    writer.open('[');
    for (size_t id = 0; model.pieces && id < model.pieces->size(); ++id) {
      writer.element();
      writer.open('[');
      writer.element(), writer.text((*model.pieces)[id].first);
      writer.element(), writer.number((*model.pieces)[id].second);
      writer.close(']');
    }
    writer.close(']');
    writer.key("byte_fallback"), writer.boolean(model.byte_fallback);
    if (model.unmatched && !model.unmatched->empty()) {
      writer.key("unmatched_ids");
      writer.open('[');
      for (const TokenId id : *model.unmatched) writer.element(), writer.natural(id);
      writer.close(']');
    }
    return finish();
  }
  Result<void> operator()(const CustomModel&) const {
    return fail(ErrorKind::Unsupported, "A program's own model cannot be serialized.");
  }

  void start(std::string_view type) const {
    writer.open('{');
    writer.key("type"), writer.text(type);
  }
  Result<void> finish() const {
    writer.close('}');
    return {};
  }
};

}  // namespace

Result<ModelSpec> read_model_json(std::string_view json, size_t& position, int depth, std::vector<JsonPart>* spelled) {
  JsonReader reader(json, position, depth);
  Fields fields;
  Kind kind;
  if (!reader.peek(kind)) return std::unexpected(reader.error());
  if (!(kind == Kind::Object ? read_fields(reader, fields) : reader.skip())) return std::unexpected(reader.error());
  position = reader.position();
  if (kind != Kind::Object) return invalid(kNoVariant);
  auto spec = ModelMaker(json, fields).make();
  if (!spec) spec.error().kind = ErrorKind::InvalidData;
  if (spec && spelled) {
    if (fields.vocab.kind == Kind::Object) spelled->push_back(fields.vocab.part);
    const bool merged = std::holds_alternative<BpeModel>(spec->value) && fields.merges.all_spelled;
    if (merged) spelled->push_back(fields.merges.part);
  }
  return spec;
}

Result<void> append_model_json(std::string& out, const ModelSpec& spec, bool pretty, int level) {
  Writer writer(out, pretty, level);
  return std::visit(ModelWriter{writer}, spec.value);
}

template <>
Result<ModelSpec> read_component<ModelSpec>(std::string_view json) {
  if (utf8::valid_prefix(json) != json.size()) {
    return invalid(fmt::format("The JSON text of a model is not valid UTF-8 at byte {}.", utf8::valid_prefix(json)));
  }
  size_t position = 0;
  HR_TRY(ModelSpec spec, read_model_json(json, position));
  JsonReader rest(json, position);
  if (!rest.finish()) return std::unexpected(rest.error());
  return spec;
}

template <>
Result<std::string> write_component<ModelSpec>(const ModelSpec& spec) {
  std::string out;
  HR_CHECK(append_model_json(out, spec));
  return out;
}

}  // namespace headrace::text
