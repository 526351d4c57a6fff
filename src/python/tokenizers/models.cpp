#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "python/tokenizers/arguments.h"
#include "python/tokenizers/components.h"
#include "python/tokenizers/handle.h"
#include "python/tokenizers/tokens.h"
#include "text/nbest.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::BpeModel;
using text::ModelSpec;
using text::TokenId;
using text::UnigramModel;
using text::WordLevelModel;
using text::WordPieceModel;

template <class Part>
using Class = PartClass<ModelSpec, Part>;
template <class Part>
using Self = HandleOf<ModelSpec, Part>;
using Vocabulary = std::vector<std::pair<std::string, TokenId>>;
using Merges = std::vector<std::pair<std::string, std::string>>;

// ---- Files ----

std::string read(const std::string& path, const char* what) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure({ErrorKind::Io, fmt::format("Error while reading {}: No such file or directory (os error 2): {}", what, path), path});
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

Vocabulary read_vocabulary(const std::string& path, const char* what) {
  const auto json = nlohmann::json::parse(read(path, what), nullptr, false);
  if (!json.is_object()) throw Failure({ErrorKind::InvalidData, fmt::format("Error while reading {}: {} is not a JSON object of token to id", what, path), path});
  Vocabulary vocabulary;
  for (const auto& [token, id] : json.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > 0xffffffff) {
      throw Failure({ErrorKind::InvalidData, fmt::format("Error while reading {}: {}: the id of \"{}\" is not a whole number below 2^32", what, path, token), path});
    }
    vocabulary.emplace_back(token, id.get<TokenId>());
  }
  return vocabulary;
}

std::vector<std::string> lines_of(const std::string& content) {
  std::vector<std::string> lines;
  std::istringstream stream(content);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

Merges read_merges(const std::string& path, const char* what) {
  Merges merges;
  size_t number = 0;
  for (const auto& line : lines_of(read(path, what))) {
    ++number;
    if (line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
      throw Failure({ErrorKind::InvalidData, fmt::format("Error while reading {}: Merges text file invalid at line {}", what, number), path});
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

/// vocab.txt: one token a line, its id the number of the line.
Vocabulary read_lines_vocabulary(const std::string& path) {
  Vocabulary vocabulary;
  TokenId id = 0;
  for (auto& line : lines_of(read(path, "WordPiece file"))) {
    const size_t end = line.find_last_not_of(" \t\r\n\v\f");
    vocabulary.emplace_back(line.substr(0, end == std::string::npos ? 0 : end + 1), id++);
  }
  return vocabulary;
}

// ---- Arguments ----

using Options = std::vector<std::pair<std::string, nb::object>>;

template <class T>
void take(T& target, nb::handle value) {
  target = nb::cast<T>(value);
}
template <class T>
void take(std::optional<T>& target, nb::handle value) {
  if (value.is_none()) {
    target.reset();
  } else {
    target = nb::cast<T>(value);
  }
}

bool set_bpe_option(BpeModel& model, std::string_view name, nb::handle value) {
  if (name == "cache_capacity") return take(model.cache_capacity, value), true;
  if (name == "dropout") return take(model.dropout, value), true;
  if (name == "unk_token") return take(model.unk_token, value), true;
  if (name == "continuing_subword_prefix") return take(model.continuing_subword_prefix, value), true;
  if (name == "end_of_word_suffix") return take(model.end_of_word_suffix, value), true;
  if (name == "fuse_unk") return take(model.fuse_unk, value), true;
  if (name == "byte_fallback") return take(model.byte_fallback, value), true;
  if (name == "ignore_merges") return take(model.ignore_merges, value), true;
  if (name == "seed") return take(model.seed, value), true;
  return false;
}

bool set_word_piece_option(WordPieceModel& model, std::string_view name, nb::handle value) {
  if (name == "unk_token") return take(model.unk_token, value), true;
  if (name == "max_input_chars_per_word") return take(model.max_input_chars_per_word, value), true;
  if (name == "continuing_subword_prefix") return take(model.continuing_subword_prefix, value), true;
  return false;
}

template <class Model, class Set>
void set_options(Model& model, const nb::kwargs& options, Set&& set) {
  for (const auto [name, value] : options) {
    if (!set(model, nb::cast<std::string_view>(name), value)) warn_unknown_option(name);
  }
}

Failure initializing(const char* model, const Error& error) {
  return Failure({error.kind, fmt::format("Error while initializing {}: {}", model, error.message), error.value});
}

BpeModel make_bpe(Vocabulary vocabulary, const Merges& merges, const nb::kwargs& options) {
  BpeModel model;
  set_options(model, options, set_bpe_option);
  if (model.dropout && !(*model.dropout >= 0 && *model.dropout <= 1)) {
    throw Failure({ErrorKind::InvalidArgument, "Error while initializing BPE: Dropout should be between 0 and 1, inclusive"});
  }
  auto table = text::make_token_table(std::move(vocabulary));
  if (!table) throw initializing("BPE", table.error());
  model.vocabulary = *table;
  auto merge_table = text::make_merge_table(**table, merges, model.continuing_subword_prefix);
  if (!merge_table) throw initializing("BPE", merge_table.error());
  model.merges = *merge_table;
  return model;
}

Merges merges_of(nb::handle list) {
  Merges merges;
  for (const nb::handle pair : list) {
    const auto [left, right] = nb::cast<std::pair<std::string, std::string>>(pair);
    merges.emplace_back(left, right);
  }
  return merges;
}

void construct_bpe(Self<BpeModel>& self, const nb::object& vocab, const nb::object& merges, const nb::kwargs& options) {
  if (vocab.is_none() != merges.is_none()) throw nb::value_error("`vocab` and `merges` must be both specified");
  if (vocab.is_none()) return construct(self, make_bpe({}, {}, options));
  if (nb::isinstance<nb::str>(vocab) != nb::isinstance<nb::str>(merges)) {
    throw nb::value_error("`vocab` and `merges` must be both be from memory or both filenames");
  }
  if (!nb::isinstance<nb::str>(vocab)) return construct(self, make_bpe(vocabulary_of(vocab), merges_of(merges), options));
  warn_deprecated("0.9.0: BPE.__init__ will not create from files anymore, try `BPE.from_file` instead");
  construct(self, make_bpe(read_vocabulary(nb::cast<std::string>(vocab), "vocab & merges files"),
                           read_merges(nb::cast<std::string>(merges), "vocab & merges files"), options));
}

std::shared_ptr<const text::TokenTable> table_of(Vocabulary vocabulary, const char* model) {
  auto table = text::make_token_table(std::move(vocabulary));
  if (!table) throw initializing(model, table.error());
  return *table;
}

WordPieceModel make_word_piece(Vocabulary vocabulary, const nb::kwargs& options) {
  WordPieceModel model;
  set_options(model, options, set_word_piece_option);
  model.vocabulary = table_of(std::move(vocabulary), "WordPiece");
  return model;
}

WordLevelModel make_word_level(Vocabulary vocabulary, std::optional<std::string> unk_token) {
  WordLevelModel model;
  if (unk_token) model.unk_token = *std::move(unk_token);
  model.vocabulary = table_of(std::move(vocabulary), "WordLevel");
  return model;
}

// ---- Classes ----

void bind_bpe(nb::module_& module) {
  Class<BpeModel> bpe(module, "BPE", "Byte-pair encoding: joins neighbours in the order of the merges.");
  bpe->def("__init__", &construct_bpe, "vocab"_a = nb::none(), "merges"_a = nb::none(), "kwargs"_a);
  bpe->def_static("read_file", [](const std::string& vocab, const std::string& merges) {
    nb::list pairs;
    auto vocabulary = dictionary_of(read_vocabulary(vocab, "vocab & merges files"));
    for (const auto& [left, right] : read_merges(merges, "vocab & merges files")) pairs.append(nb::make_tuple(left, right));
    return nb::make_tuple(vocabulary, pairs);
  }, "vocab"_a, "merges"_a);
  bpe->def_static("from_file", [](const std::string& vocab, const std::string& merges, const nb::kwargs& options) {
    return make_handle<ModelSpec>(make_bpe(read_vocabulary(vocab, "BPE files"), read_merges(merges, "BPE files"), options));
  }, "vocab"_a, "merges"_a, "kwargs"_a);
  bpe->def("_clear_cache", [](const Self<BpeModel>&) {}, "Nothing to clear: caches belong to threads and are bounded.");
  bpe->def("_resize_cache", [](Self<BpeModel>& self, size_t capacity) { Class<BpeModel>::edit(self, [&](BpeModel& model) { model.cache_capacity = capacity; }); },
           "capacity"_a);
  bpe.field("dropout", &BpeModel::dropout)
      .field("unk_token", &BpeModel::unk_token)
      .field("continuing_subword_prefix", &BpeModel::continuing_subword_prefix)
      .field("end_of_word_suffix", &BpeModel::end_of_word_suffix)
      .field("fuse_unk", &BpeModel::fuse_unk)
      .field("byte_fallback", &BpeModel::byte_fallback)
      .field("ignore_merges", &BpeModel::ignore_merges)
      .field("seed", &BpeModel::seed);
}

void bind_word_piece(nb::module_& module) {
  Class<WordPieceModel> word_piece(module, "WordPiece", "The longest known beginning of a word, then of its rest.");
  word_piece->def("__init__", [](Self<WordPieceModel>& self, const nb::object& vocab, const nb::kwargs& options) {
    if (vocab.is_none()) return construct(self, make_word_piece({}, options));
    if (!nb::isinstance<nb::str>(vocab)) return construct(self, make_word_piece(vocabulary_of(vocab), options));
    warn_deprecated("0.9.0: WordPiece.__init__ will not create from files anymore, try `WordPiece.from_file` instead");
    construct(self, make_word_piece(read_lines_vocabulary(nb::cast<std::string>(vocab)), options));
  }, "vocab"_a = nb::none(), "kwargs"_a);
  word_piece->def_static("read_file", [](const std::string& vocab) { return dictionary_of(read_lines_vocabulary(vocab)); }, "vocab"_a);
  word_piece->def_static("from_file", [](const std::string& vocab, const nb::kwargs& options) {
    return make_handle<ModelSpec>(make_word_piece(read_lines_vocabulary(vocab), options));
  }, "vocab"_a, "kwargs"_a);
  word_piece.field("unk_token", &WordPieceModel::unk_token)
      .field("continuing_subword_prefix", &WordPieceModel::continuing_subword_prefix)
      .field("max_input_chars_per_word", &WordPieceModel::max_input_chars_per_word);
}

void bind_word_level(nb::module_& module) {
  Class<WordLevelModel> word_level(module, "WordLevel", "A word is a token, or unknown.");
  word_level->def("__init__", [](Self<WordLevelModel>& self, const nb::object& vocab, std::optional<std::string> unk_token) {
    if (vocab.is_none()) return construct(self, make_word_level({}, std::move(unk_token)));
    if (!nb::isinstance<nb::str>(vocab)) return construct(self, make_word_level(vocabulary_of(vocab), std::move(unk_token)));
    warn_deprecated("0.9.0: WordLevel.__init__ will not create from files anymore, try `WordLevel.from_file` instead");
    construct(self, make_word_level(read_vocabulary(nb::cast<std::string>(vocab), "WordLevel file"), std::move(unk_token)));
  }, "vocab"_a = nb::none(), "unk_token"_a = nb::none());
  word_level->def_static("read_file", [](const std::string& vocab) { return dictionary_of(read_vocabulary(vocab, "WordLevel file")); }, "vocab"_a);
  word_level->def_static("from_file", [](const std::string& vocab, std::optional<std::string> unk_token) {
    return make_handle<ModelSpec>(make_word_level(read_vocabulary(vocab, "WordLevel file"), std::move(unk_token)));
  }, "vocab"_a, "unk_token"_a = nb::none());
  word_level.field("unk_token", &WordLevelModel::unk_token);
}

void bind_unigram(nb::module_& module) {
  Class<UnigramModel> unigram(module, "Unigram", "The most probable segmentation under independent pieces.");
  unigram->def("__init__", [](Self<UnigramModel>& self, std::optional<std::vector<std::pair<std::string, double>>> vocab, std::optional<size_t> unk_id,
                              std::optional<bool> byte_fallback, std::optional<double> alpha, std::optional<size_t> nbest_size) {
    UnigramModel model;
    if (vocab) {
      model.pieces = std::make_shared<const std::vector<std::pair<std::string, double>>>(*std::move(vocab));
      model.unk_id = unk_id;
    }
    model.byte_fallback = byte_fallback.value_or(false);
    model.alpha = alpha;
    model.nbest_size = nbest_size;
    const auto stage = text::compile(ModelSpec{model});
    if (!stage) throw Failure({stage.error().kind, "Error while loading Unigram: " + stage.error().message});
    construct(self, std::move(model));
  }, "vocab"_a = nb::none(), "unk_id"_a = nb::none(), "byte_fallback"_a = nb::none(), "alpha"_a = nb::none(), "nbest_size"_a = nb::none());
  unigram->def("nbest", [](const Self<UnigramModel>& self, std::string_view sequence, size_t size) {
    auto divisions = value_or_raise(text::best_divisions(*value_or_raise(self.live->stage()), sequence, size));
    std::vector<std::pair<std::vector<Token>, double>> result;
    for (text::ScoredTokens& one : divisions) {
      std::vector<Token> tokens(std::make_move_iterator(one.tokens.begin()), std::make_move_iterator(one.tokens.end()));
      result.emplace_back(std::move(tokens), one.score);
    }
    return result;
  }, "sequence"_a, "size"_a = 10, "The most probable divisions of a piece of text, the best first, with the sums of their pieces' scores.");
  unigram->def("_clear_cache", [](const Self<UnigramModel>&) {});
  unigram->def("_resize_cache", [](const Self<UnigramModel>&, size_t) {}, "capacity"_a);
  unigram.field("alpha", &UnigramModel::alpha).field("nbest_size", &UnigramModel::nbest_size).field("seed", &UnigramModel::seed);
}

}  // namespace

void bind_models(nb::module_& parent) {
  auto module = parent.def_submodule("models", "What makes tokens of a piece of text.");
  auto base = nb::class_<Handle<ModelSpec>>(module, "Model", "The base of all models.");
  bind_state(base);
  base.def("tokenize", [](const Handle<ModelSpec>& self, std::string_view sequence) {
    std::vector<text::ModelToken> tokens;
    check_or_raise(value_or_raise(self.live->stage())->tokenize(sequence, tokens));
    return std::vector<Token>(std::make_move_iterator(tokens.begin()), std::make_move_iterator(tokens.end()));
  }, "sequence"_a);
  base.def("token_to_id", [](const Handle<ModelSpec>& self, std::string_view token) { return value_or_raise(self.live->stage())->token_to_id(token); }, "token"_a);
  base.def("id_to_token", [](const Handle<ModelSpec>& self, TokenId id) { return value_or_raise(self.live->stage())->id_to_token(id); }, "id"_a);
  base.def("save", [](const Handle<ModelSpec>& self, const std::string& folder, std::optional<std::string> prefix, std::optional<std::string> name) {
    return value_or_raise(value_or_raise(self.live->stage())->save(folder, prefix ? prefix : name));
  }, "folder"_a, "prefix"_a = nb::none(), "name"_a = nb::none());
  bind_bpe(module);
  bind_word_piece(module);
  bind_word_level(module);
  bind_unigram(module);
}

}  // namespace headrace::python
